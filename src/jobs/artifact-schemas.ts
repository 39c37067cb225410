// Schemas of what a call on the study writes: reconstruction_manifest.json, skip_summary.json (spec: study.md sections 5.3
// and 5.4), index.json, a cell's metrics.json, and `study plan --json`. JSON Schema files are made from these (schemas/).

import { z } from "zod";

const count = z.int().min(0);
const uint32 = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const stamp = z.iso.datetime().describe("UTC, with a trailing Z");
const place = { dose: z.number().positive(), view: z.string(), split: z.enum(["train", "test"]) };
const filters = z.strictObject({
  dose: z.number().nullable(),
  view: z.string().nullable(),
  split: z.enum(["train", "test"]).nullable(),
  gridsize: z.union([z.literal(1), z.literal(2)]).nullable(),
});
const note = z.strictObject({ code: z.string(), message: z.string() });
const skippedJob = z.strictObject({ ...place, reason: z.string() });

const manifestJob = z.looseObject({
  ...place,
  gridsize: z.union([z.literal(1), z.literal(2)]),
  input_npz: z.string(),
  output_dir: z.string(),
  algorithm: z.literal("LSQML"),
  num_epochs: z.int().min(1),
  seed: uint32.describe("seed of the minibatch order"),
  notes: z.array(note),
});

const executionResult = z.looseObject({
  ...place,
  returncode: z.int().nullable().describe("0 = success; null = not finished, work is left for a later call"),
  log_path: z.string().nullable(),
  stdout_preview: z.string().describe("first 200 characters"),
  reused: z.boolean().optional().describe("true: finished in an earlier call"),
  receipt: z.string().nullable().optional().describe("path of run.json"),
  error: z.string().nullable().optional(),
  selection_strategy: z.enum(["direct", "greedy"]).nullable().optional().describe("overlap views only"),
  acceptance_rate: z.number().min(0).max(1).nullable().optional(),
  spacing_threshold: z.number().nullable().optional().describe("pixels"),
  n_accepted: count.nullable().optional(),
  n_rejected: count.nullable().optional(),
  photon_scale: z
    .enum(["counts", "dose"])
    .nullable()
    .optional()
    .describe("dry run: the values show single photons, or the dose says how many there are on average"),
});

/** `reconstruction_manifest.json`. Lists that an older writer left out read as empty. */
export const reconstructionManifestSchema = z.looseObject({
  schema_version: z.literal("1.0"),
  run_id: z.string(),
  timestamp: stamp,
  versions: z.record(z.string(), z.string().nullable()).describe("software"),
  preset: z.string().nullable(),
  dry_run: z.boolean(),
  training_manifest: z.string().nullable().describe("the Phase E manifest that was read"),
  phase_c_root: z.string(),
  phase_d_root: z.string(),
  artifact_root: z.string(),
  filters,
  max_jobs: z.int().min(1).nullable(),
  seeds: z.strictObject({ base: uint32, rule: z.string() }),
  total_jobs: count.describe("cells whose input exists, before filters"),
  filtered_jobs: count.describe("cells selected: the length of `jobs`"),
  missing_jobs: z.array(skippedJob).default([]).describe("all missing cells, whatever the filters"),
  jobs: z.array(manifestJob),
  execution_results: z.array(executionResult).default([]).describe("one per job, same order"),
  regenerated: z
    .array(z.strictObject({ ...place, path: z.string(), sha256: z.string(), seed: uint32.nullable() }))
    .default([])
    .describe("inputs made by this call because they were missing"),
  notes: z.array(z.string()),
});

/** `skip_summary.json`. */
export const skipSummarySchema = z.strictObject({
  schema_version: z.literal("1.0"),
  run_id: z.string(),
  timestamp: stamp,
  skipped_count: count,
  skipped_jobs: z.array(skippedJob).describe("by filter (dose, view, split, gridsize, max-jobs), missing ones last"),
  missing_phase_d_count: count.describe("every missing cell, those of Phase C included (as the study counted)"),
  missing_phase_c_count: count.describe("missing cells of Phase C alone"),
});

/** `ptycho study plan --json`. */
export const studyPlanSchema = z.strictObject({
  schema_version: z.literal("1.0"),
  cells: z.array(
    z.strictObject({
      ...place,
      gridsize: z.union([z.literal(1), z.literal(2)]),
      status: z.enum(["selected", "filtered", "missing"]),
      reason: z.string().nullable().describe("null when selected"),
      input_npz: z.string().nullable().describe("null when missing"),
      looked_for: z.array(z.string()),
      output_dir: z.string(),
      seed: uint32,
      notes: z.array(note),
    }),
  ),
  totals: z.strictObject({
    cells: count,
    selected: count,
    filtered: count,
    missing: count,
    skipped: count,
    total_jobs: count,
    missing_phase_c: count,
    missing_phase_d: count,
  }),
  filters,
  max_jobs: z.int().min(1).nullable(),
  training_manifest: z.string().nullable(),
  phase_c_root: z.string(),
  phase_d_root: z.string(),
  artifact_root: z.string(),
  seeds: z.strictObject({ base: uint32, rule: z.string() }),
  notes: z.array(z.string()),
});

/** `index.json`: the calls on a root, oldest first. */
export const studyIndexSchema = z.strictObject({
  schema_version: z.literal("1.0"),
  runs: z.array(
    z.strictObject({
      run_id: z.string(),
      timestamp: z.iso.datetime(),
      dry_run: z.boolean(),
      preset: z.string().nullable(),
      status: z
        .enum(["running", "finished", "stopped", "killed"])
        .describe("killed: another call found it running and nobody at work; its end is not known"),
      selected: count,
      succeeded: count,
      failed: count,
      unfinished: count,
      missing: count,
      folder: z.string().describe("relative to the artifact root"),
    }),
  ),
});

const figure = z.number().nullable();

/** `metrics.json` of a cell. */
export const cellScoresSchema = z.strictObject({
  schema_version: z.literal("1.0"),
  key: z.string().describe("of run.json: the result that was scored"),
  truth: z.string(),
  refused: z.string().nullable().describe("why there are no figures"),
  metrics: z.array(
    z.strictObject({ model: z.string(), metric: z.string(), amplitude: figure, phase: figure, value: figure }),
  ),
});

export type StudyIndex = z.output<typeof studyIndexSchema>;
export type CellScoresRecord = z.output<typeof cellScoresSchema>;
export type ReconstructionManifest = z.output<typeof reconstructionManifestSchema>;
export type SkipSummary = z.output<typeof skipSummarySchema>;
export type ExecutionResult = z.output<typeof executionResult>;
export type StudyPlanRecord = z.output<typeof studyPlanSchema>;
