// The study's design: doses, views, splits and constants (spec: study.md section 1.1), and the grid that they span.

import { z } from "zod";
import { OptionsError } from "../errors.ts";
import { checkFields } from "./check-fields.ts";

/** View that uses all positions of a Phase C file. */
export const baselineView = "baseline";
/** Splits in the order of the grid. */
export const splits = ["train", "test"] as const;
export type Split = (typeof splits)[number];

/** Photons per exposure; folders are named by the whole number. */
export const doseSchema = z.number().positive().max(Number.MAX_SAFE_INTEGER);

const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

/** The nine fields of the design's JSON. What is left out has the study's value. */
export const designSchema = z.strictObject({
  dose_list: z.array(z.number()).default([1000, 10000, 100000]).describe("photons per exposure"),
  gridsizes: z.array(z.int().min(1).max(64)).min(1).default([1, 2]).describe("group sizes, channels = gridsize^2"),
  neighbor_count: z.int().min(1).default(7).describe("nearest neighbours, at least the largest number of channels"),
  patch_size_pixels: z.int().min(2).max(16384).default(128).describe("width of a pattern in pixels"),
  overlap_views: z
    .record(z.string(), z.number())
    .default({ dense: 0.7, sparse: 0.2 })
    .describe("linear overlap fraction of each view"),
  spacing_thresholds: z
    .record(z.string(), z.number())
    .optional()
    .describe("pixels; left out: (1 - overlap) * patch size"),
  train_test_split_axis: z.enum(["x", "y"]).default("y"),
  rng_seeds: z
    .looseObject({ simulation: seed.default(42), grouping: seed.default(123), subsampling: seed.default(456) })
    .prefault({}),
  metrics_config: z
    .looseObject({
      ms_ssim_sigma: z.number().nonnegative().default(1),
      emphasize_phase: z.boolean().default(true),
      report_amplitude: z.boolean().default(true),
      frc_threshold: z.number().positive().default(0.5),
    })
    .prefault({}),
});

/** A checked design; field names as in its JSON. */
export type StudyDesign = Omit<z.output<typeof designSchema>, "spacing_thresholds"> & {
  /** Pixels, one per overlap view. */
  readonly spacing_thresholds: Readonly<Record<string, number>>;
};

/** One cell's coordinates. */
export interface GridPlace {
  readonly dose: number;
  readonly split: Split;
  /** `baseline` or one of the overlap views. */
  readonly view: string;
  /** 1 for the baseline, 2 for overlap views. */
  readonly gridsize: 1 | 2;
}

/**
 * Checks a design. Throws OptionsError (exit 78) with source and field: DESIGN_KEY, DESIGN_VALUE for what the study's own
 * validation refuses (same texts), DESIGN_CONFLICT where two fields contradict each other.
 */
export function parseDesign(json: unknown, source = "design"): StudyDesign {
  const design = checkFields(designSchema, json, source, "DESIGN");
  const spacing =
    design.spacing_thresholds ??
    Object.fromEntries(
      Object.entries(design.overlap_views).map(([view, overlap]) => [view, (1 - overlap) * design.patch_size_pixels]),
    );
  const complete = { ...design, spacing_thresholds: spacing };
  validateDesign(complete, source);
  return complete;
}

/** The study's own design: 3 doses, 3 views, 2 splits. */
export const studyDesign: StudyDesign = parseDesign({}, "study design");

/** Baseline first, then the overlap views in the design's order. */
export function listViews(design: StudyDesign): readonly string[] {
  return [baselineView, ...Object.keys(design.overlap_views)];
}

/** All places in the study's order: dose ascending, then split, then view. */
export function listGrid(design: StudyDesign): readonly GridPlace[] {
  const doses = [...design.dose_list].sort((a, b) => a - b);
  return doses.flatMap((dose) =>
    splits.flatMap((split) => listViews(design).map((view) => ({ dose, split, view, gridsize: gridsizeOf(view) }))),
  );
}

/** The group size that goes with a view. */
export function gridsizeOf(view: string): 1 | 2 {
  return view === baselineView ? 1 : 2;
}

/** Folder of a dose: `dose_1000`; the fraction is cut off. */
export function doseFolder(dose: number): string {
  return `dose_${Math.trunc(dose)}`;
}

/** A number as the study prints it: 1000.0, 0.5, 1e-05. */
export function formatFloat(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return `${value}.0`;
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential().replace(/e-(\d)$/, "e-0$1");
  return String(value);
}

/** Why a name cannot be a view (it becomes a folder); null when it can. */
export function refuseViewName(name: string): string | null {
  if (name.length > 64) return `a name of at most 64 characters, not ${name.length}`;
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) return "letters, digits, - and _, beginning with a letter";
  if (/^(con|prn|aux|nul|com\d|lpt\d)$/i.test(name)) return "a name that every system allows for a folder";
  return null;
}

function validateDesign(design: StudyDesign, source: string): void {
  const refuse = (field: string, message: string, code = "DESIGN_VALUE"): never => {
    throw new OptionsError(code, message, { source, field });
  };
  const { dose_list: doses, overlap_views: views, spacing_thresholds: spacing } = design;
  const channels = Math.max(...design.gridsizes) ** 2;
  if (design.neighbor_count < channels) {
    refuse("neighbor_count", `neighbor_count ${design.neighbor_count} is below gridsize^2 = ${channels}`);
  }
  for (const [view, overlap] of Object.entries(views)) {
    if (!(overlap >= 0 && overlap < 1)) refuse(`overlap_views.${view}`, `overlap ${overlap} is outside [0, 1)`);
  }
  for (const [view, threshold] of Object.entries(spacing)) {
    if (!(threshold > 0)) refuse(`spacing_thresholds.${view}`, `spacing ${threshold} is not positive`);
  }
  if (doses.length === 0) refuse("dose_list", "dose_list must not be empty");
  if (doses.some((dose) => dose <= 0)) refuse("dose_list", "All doses must be positive");
  for (const [index, dose] of doses.entries()) {
    if (dose > Number.MAX_SAFE_INTEGER) refuse(`dose_list[${index}]`, `dose above ${Number.MAX_SAFE_INTEGER}`);
    const same = doses.findIndex((other) => doseFolder(other) === doseFolder(dose));
    if (same !== index) {
      refuse(`dose_list[${index}]`, `doses ${doses[same]} and ${dose} share the folder ${doseFolder(dose)}`);
    }
  }
  const names = new Set([baselineView]);
  for (const name of Object.keys(views)) {
    const fault = refuseViewName(name);
    if (fault) refuse(`overlap_views.${name}`, `not a name for a view: expected ${fault}`);
    if (names.has(name.toLowerCase())) refuse(`overlap_views.${name}`, "two views of one name (case does not count)");
    names.add(name.toLowerCase());
  }
  const lost = Object.keys(spacing).find((view) => !Object.hasOwn(views, view));
  if (lost !== undefined) {
    refuse(`spacing_thresholds.${lost}`, "a spacing for a view that overlap_views does not have", "DESIGN_CONFLICT");
  }
  const bare = Object.keys(views).find((view) => !Object.hasOwn(spacing, view));
  if (bare !== undefined) refuse(`overlap_views.${bare}`, "this view has no spacing threshold", "DESIGN_CONFLICT");
}
