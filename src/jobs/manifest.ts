// The Phase E training manifest (spec: study.md section 4), in every form that was ever written: dry run, success, failed,
// with and without the skipped views, before and after the backend field.

import { z } from "zod";
import { OptionsError } from "../errors.ts";
import { findNearestName } from "../options-issue.ts";
import { checkFields, formatJsonPath } from "./check-fields.ts";
import { baselineView, doseFolder, doseSchema, formatFloat, gridsizeOf, refuseViewName } from "./design.ts";

const path = z
  .string()
  .max(32768)
  // a zero byte ends a name for the system, so what is checked would not be what is opened
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that byte is meant
  .regex(/^[^\u0000]+$/)
  .describe("a path");

const filtersSchema = z.looseObject({
  dose: z.number().nullish(),
  view: z.string().nullish(),
  gridsize: z.number().nullish(),
});

const jobSchema = z.looseObject({
  dose: doseSchema,
  view: z.string(),
  gridsize: z.int(),
  train_data_path: path,
  test_data_path: path,
  log_path: path.nullish(),
  artifact_dir: path.nullish(),
  backend: z.string().nullish(),
  result: z.looseObject({ status: z.string().nullish(), error: z.string().nullish() }).nullish(),
});

const skippedViewSchema = z.looseObject({ dose: doseSchema, view: z.string(), reason: z.string().nullish() });

/** Fields that this program knows; all others are kept. */
export const trainingManifestSchema = z.looseObject({
  schema_version: z.union([z.string(), z.number()]).nullish(),
  timestamp: z.string().nullish(),
  phase_c_root: path.nullish(),
  phase_d_root: path.nullish(),
  artifact_root: path.nullish(),
  filters: filtersSchema.nullish(),
  dry_run: z.boolean().nullish(),
  jobs: z.array(jobSchema).max(100_000),
  skipped_views: z.array(skippedViewSchema).nullish(),
  skipped_count: z.int().min(0).nullish(),
  skip_summary_path: z.string().nullish(),
});

/** A Phase E job: one (dose, view) with a file per split. Field names as in the file. */
export type TrainingJob = z.output<typeof jobSchema>;
export type SkippedView = z.output<typeof skippedViewSchema>;

/** A checked manifest. */
export interface TrainingManifest {
  /** Where it came from, for messages. */
  readonly source: string;
  /** All that the file holds, unknown fields included. */
  readonly fields: z.output<typeof trainingManifestSchema>;
  readonly jobs: readonly TrainingJob[];
  /** Empty when the file has none. */
  readonly skippedViews: readonly SkippedView[];
  readonly phaseCRoot: string | null;
  readonly phaseDRoot: string | null;
  readonly artifactRoot: string | null;
  readonly filters: { readonly dose: number | null; readonly view: string | null; readonly gridsize: number | null };
  /** Oddities that do not stop anybody. */
  readonly notes: readonly string[];
}

/** Versions of the format that are understood, by their first number. */
const NEWEST_VERSION = 1;

/**
 * Checks a parsed training manifest. Throws OptionsError (exit 78) with `source` and the JSON path: MANIFEST_KEY (a field
 * is missing or named `__proto__`), MANIFEST_VALUE, MANIFEST_CONFLICT (a job's view and gridsize contradict each other),
 * MANIFEST_JOB_ID (two jobs of one cell, or a view name that cannot be a folder), MANIFEST_VERSION.
 */
export function parseManifest(json: unknown, source = "training manifest"): TrainingManifest {
  refuseNewerVersion(json, source);
  const fields = checkFields(trainingManifestSchema, json, source, "MANIFEST");
  checkJobs(fields.jobs, source);
  const filters = fields.filters ?? {};
  const skippedViews = fields.skipped_views ?? [];
  return {
    source,
    fields,
    jobs: fields.jobs,
    skippedViews,
    phaseCRoot: fields.phase_c_root ?? null,
    phaseDRoot: fields.phase_d_root ?? null,
    artifactRoot: fields.artifact_root ?? null,
    filters: { dose: filters.dose ?? null, view: filters.view ?? null, gridsize: filters.gridsize ?? null },
    notes: [...noteMisspelt(fields), ...noteContradictions(fields, skippedViews)],
  };
}

/** The version comes first: the fields of a newer one may mean something else. */
function refuseNewerVersion(json: unknown, source: string): void {
  if (typeof json !== "object" || json === null || !Object.hasOwn(json, "schema_version")) return;
  const { schema_version: version } = json as { schema_version: unknown };
  const major = Number.parseInt(String(version), 10);
  if (!(major > NEWEST_VERSION)) return;
  throw new OptionsError("MANIFEST_VERSION", "the manifest is of a newer version", {
    source,
    field: "schema_version",
    expected: `at most ${NEWEST_VERSION}`,
    got: String(version),
    remedy: "Update ptycho-webgpu",
  });
}

function checkJobs(jobs: readonly TrainingJob[], source: string): void {
  const seen = new Map<string, number>();
  for (const [index, { dose, view, gridsize }] of jobs.entries()) {
    const at = (name: string) => formatJsonPath(["jobs", index, name]);
    const fault = refuseViewName(view);
    if (fault) {
      const got = view.length > 80 ? `${view.slice(0, 80)}...` : view;
      const details = { source, field: at("view"), expected: fault, got: JSON.stringify(got) };
      throw new OptionsError("MANIFEST_JOB_ID", "not a name for a view", details);
    }
    if (gridsize !== gridsizeOf(view)) {
      const message =
        view === baselineView ? "Baseline jobs must use gridsize=1" : `Overlap jobs (${view}) must use gridsize=2`;
      throw new OptionsError("MANIFEST_CONFLICT", message, { source, field: at("gridsize"), got: String(gridsize) });
    }
    const id = `${doseFolder(dose)}/${view.toLowerCase()}`;
    const earlier = seen.get(id);
    if (earlier !== undefined) {
      throw new OptionsError("MANIFEST_JOB_ID", `two jobs for ${doseFolder(dose)}/${view}`, {
        source,
        field: formatJsonPath(["jobs", index]),
        expected: "one job per dose and view (case does not count)",
        got: `the same as ${formatJsonPath(["jobs", earlier])}`,
      });
    }
    seen.set(id, index);
  }
}

/** Unknown fields are kept, but one that nearly has the name of an absent known one is worth a word. */
function noteMisspelt(fields: Readonly<Record<string, unknown>>): string[] {
  const known = Object.keys(trainingManifestSchema.shape);
  const absent = known.filter((name) => !Object.hasOwn(fields, name));
  return Object.keys(fields)
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const nearest = findNearestName(name, absent);
      return nearest === null ? [] : [`unknown field \`${name}\` is not used; was \`${nearest}\` meant?`];
    });
}

function noteContradictions(
  fields: z.output<typeof trainingManifestSchema>,
  skippedViews: readonly SkippedView[],
): string[] {
  const notes: string[] = [];
  const count = fields.skipped_count ?? skippedViews.length;
  if (count !== skippedViews.length) {
    notes.push(`the manifest counts ${count} skipped views and lists ${skippedViews.length}`);
  }
  for (const { dose, view } of skippedViews) {
    if (!fields.jobs.some((job) => job.dose === dose && job.view === view)) continue;
    notes.push(`the manifest both lists and skips dose=${formatFloat(dose)}, view=${view}`);
  }
  return notes;
}
