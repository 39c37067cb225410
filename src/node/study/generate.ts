// A whole study as files: Phase C, its views, the manifests, and last the record that says they are all there.

import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InputError, OptionsError } from "../../errors.ts";
import {
  type StudyScaleName,
  type StudySplit,
  type StudyView,
  studyScales,
  studySeeds,
  studySplits,
  studyViews,
  type ViewRule,
} from "../../study/design.ts";
import { doseName, studyLayout } from "../../study/layout.ts";
import {
  describeOverlaps,
  describeRuns,
  describeSkips,
  describeTraining,
  type SkippedView,
} from "../../study/manifests.ts";
import { describeDose, type PhaseCPlan, planPhaseC } from "../../study/phase-c.ts";
import type { WrittenFile } from "../atomic-write.ts";
import { assertReplaceable } from "../output-checks.ts";
import { createOutputFolder } from "../output-folder.ts";
import { openBase } from "./base-file.ts";
import { type GenerateRecord, RECORD_VERSION, type RejectedView } from "./generate-record.ts";
import { packageVersion, type WriteHooks, writeJson, writeSplitFile, writeViewFile } from "./generated-files.ts";

/** What fixes every byte of the study's NPZ files. */
export interface StudyRecipe {
  /** NPZ with objectGuess and probeGuess; null = the stand-in of the scale. */
  readonly basePath: string | null;
  readonly scale: StudyScaleName;
  /** Positions and noise. */
  readonly seed: number;
  readonly withPatches: boolean;
}

export interface GenerateSettings extends StudyRecipe {
  readonly outputRoot: string;
  readonly doses: readonly number[];
  readonly viewRule: ViewRule;
}

export interface GenerateHooks extends WriteHooks {
  readonly onFile?: (file: WrittenFile, seconds: number) => void;
  readonly onNote?: (message: string) => void;
}

/** The plan of a recipe; reads the base. Takes some seconds at full scale. */
export async function planRecipe(recipe: StudyRecipe): Promise<PhaseCPlan> {
  const base = await openBase(recipe.basePath, recipe.scale);
  const { positions } = studyScales[recipe.scale];
  return planPhaseC(base, { seed: recipe.seed, positions, withPatches: recipe.withPatches });
}

/**
 * Writes the study below `outputRoot`, every file atomically, `generate.json` last. Views that the rule v1 refuses are in
 * the record's `rejected_views`; everything else is written. Throws InputError, OptionsError, OutputError (nothing has
 * been written when a file is in the way) and AbortError.
 */
export async function generateStudy(settings: GenerateSettings, hooks: GenerateHooks): Promise<GenerateRecord> {
  const root = resolve(settings.outputRoot);
  const doses = sortDoses(settings.doses);
  const pathOf = (relativePath: string) => join(root, relativePath);
  for (const path of listPaths(doses)) await assertReplaceable(pathOf(path), hooks.overwrite);
  const plan = await planRecipe(settings);
  const folder = await createOutputFolder(root);
  const files: GenerateRecord["files"][number][] = [];
  try {
    // The record vouches for what follows, so the old one goes first.
    await rm(pathOf(studyLayout.generateRecord), { force: true });
    const write = async <T extends WrittenFile>(relativePath: string, writing: (path: string) => Promise<T>) => {
      const started = performance.now();
      const written = await writing(pathOf(relativePath));
      files.push({ path: relativePath, size_bytes: written.sizeBytes, sha256: written.sha256 });
      hooks.onFile?.(written, (performance.now() - started) / 1000);
      return written;
    };
    const writeRecord = (path: string, value: unknown) => write(path, (full) => writeJson(full, value, hooks));

    for (const dose of doses) {
      for (const split of studySplits) {
        await write(studyLayout.splitFile(dose, split), (path) => writeSplitFile(path, plan, dose, split, hooks));
      }
    }
    await writeRecord(studyLayout.runManifest, describeRuns(doses, pathOf));

    const rejected: RejectedView[] = [];
    for (const dose of doses) {
      for (const view of studyViews) {
        rejected.push(...(await writeView(dose, view, settings.viewRule, { pathOf, write, writeRecord, hooks })));
      }
    }
    const isMade = (path: string) => files.some((file) => file.path === path);
    await writeRecord(studyLayout.overlapManifest, describeOverlaps(doses, pathOf, isMade));

    const timestamp = new Date().toISOString();
    const skipped = listSkippedViews(doses, rejected);
    await writeRecord(studyLayout.skipSummary, { timestamp, ...describeSkips(skipped) });
    await writeRecord(studyLayout.trainingManifest, describeTraining(doses, skipped, pathOf, timestamp));

    const record = describeGeneration(settings, plan, doses, { timestamp, files, rejected });
    await writeJson(pathOf(studyLayout.generateRecord), record, hooks);
    return record;
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

interface ViewTools {
  readonly pathOf: (relativePath: string) => string;
  readonly write: <T extends WrittenFile>(relativePath: string, writing: (path: string) => Promise<T>) => Promise<T>;
  readonly writeRecord: (relativePath: string, value: unknown) => Promise<WrittenFile>;
  readonly hooks: GenerateHooks;
}

/** Both splits of a view with their metrics; returns what the rule refused. */
async function writeView(
  dose: number,
  view: StudyView,
  rule: ViewRule,
  { pathOf, write, writeRecord, hooks }: ViewTools,
): Promise<RejectedView[]> {
  const rejected: RejectedView[] = [];
  const bundle: Partial<Record<StudySplit, unknown>> = {};
  for (const split of studySplits) {
    const source = studyLayout.splitFile(dose, split);
    const target = studyLayout.viewFile(dose, view, split);
    const request = { rule, view, split, sourceFile: source };
    try {
      const { selection, notes } = await write(target, (path) => writeViewFile(path, pathOf(source), request, hooks));
      for (const { message } of notes) hooks.onNote?.(`${target}: ${message}`);
      bundle[split] = selection.metrics;
      await writeRecord(studyLayout.viewMetrics(dose, view, split), selection.metrics);
    } catch (error) {
      if (!(error instanceof InputError) || !["STUDY_SPACING", "DATA_GEOMETRY"].includes(error.code)) throw error;
      rejected.push({ dose, view, split, reason: error.message });
      // What an earlier call left there does not belong to this study.
      for (const path of [target, studyLayout.viewMetrics(dose, view, split)]) await rm(pathOf(path), { force: true });
    }
  }
  for (const path of [studyLayout.viewBundle(dose, view), studyLayout.artifactBundle(dose, view)]) {
    if (Object.keys(bundle).length > 0) await writeRecord(path, bundle);
    else await rm(pathOf(path), { force: true });
  }
  return rejected;
}

function listSkippedViews(doses: readonly number[], rejected: readonly RejectedView[]): SkippedView[] {
  return doses.flatMap((dose) =>
    studyViews.flatMap((view) => {
      const refused = rejected.filter((entry) => entry.dose === dose && entry.view === view).map(({ split }) => split);
      if (refused.length === 0) return [];
      const found = (split: StudySplit) => (refused.includes(split) ? "False" : "True");
      const reason =
        `NPZ files not found (train=${found("train")}, test=${found("test")}). This is expected when Phase D overlap ` +
        "filtering rejected the view due to spacing threshold.";
      return [{ dose, view, reason }];
    }),
  );
}

function describeGeneration(
  settings: GenerateSettings,
  plan: PhaseCPlan,
  doses: readonly number[],
  made: { timestamp: string; files: GenerateRecord["files"]; rejected: RejectedView[] },
): GenerateRecord {
  return {
    record_version: RECORD_VERSION,
    timestamp: made.timestamp,
    package_version: packageVersion(),
    base: {
      name: plan.base.name,
      path: settings.basePath === null ? null : resolve(settings.basePath),
      sha256: plan.base.sha256,
    },
    scale: settings.scale,
    view_rule: settings.viewRule,
    with_patches: settings.withPatches,
    seeds: { ...studySeeds, simulation: settings.seed },
    pattern_px: plan.model.patternPx,
    positions: { train: plan.indices.train.length, test: plan.indices.test.length },
    split_point_px: plan.splitPointPx,
    mean_pattern_intensity: plan.meanEnergy,
    doses: doses.map((dose) => {
      const { photons, intensityScale, noiseSeed } = describeDose(plan, dose);
      return { dose, photons, intensity_scale: intensityScale, noise_seed: noiseSeed };
    }),
    rejected_views: made.rejected,
    files: made.files,
  };
}

/** Every file that a generation may write. */
function listPaths(doses: readonly number[]): string[] {
  const { runManifest, overlapManifest, trainingManifest, skipSummary, generateRecord } = studyLayout;
  const perDose = doses.flatMap((dose) => [
    ...studySplits.map((split) => studyLayout.splitFile(dose, split)),
    ...studyViews.flatMap((view) => [
      studyLayout.viewBundle(dose, view),
      studyLayout.artifactBundle(dose, view),
      ...studySplits.flatMap((split) => [
        studyLayout.viewFile(dose, view, split),
        studyLayout.viewMetrics(dose, view, split),
      ]),
    ]),
  ]);
  return [...perDose, runManifest, overlapManifest, trainingManifest, skipSummary, generateRecord];
}

/** Ascending; two that share a folder are refused. */
function sortDoses(doses: readonly number[]): number[] {
  const sorted = [...doses].sort((a, b) => a - b);
  if (sorted.length === 0) throw new OptionsError("STUDY_DOSE", "dose_list must not be empty", { field: "dose" });
  const names = sorted.map(doseName);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return sorted;
  throw new OptionsError("STUDY_DOSE", "two doses would share a folder", { field: "dose", got: twice });
}
