// Builds the records of a call from its plan: reconstruction_manifest.json, skip_summary.json, `study plan --json`.

import type { ExecutionResult, ReconstructionManifest, SkipSummary, StudyPlanRecord } from "./artifact-schemas.ts";
import type { JobPlan, StudyCell } from "./build-jobs.ts";
import { filterNames } from "./filters.ts";
import { seedRule } from "./seeds.ts";

/** What names a call in all its records. */
export interface CallFacts {
  readonly runId: string;
  /** UTC, e.g. 2026-01-31T12:00:00.000Z. */
  readonly timestamp: string;
}

/** What the plan does not know about a call. */
export interface ManifestFacts extends CallFacts {
  /** Versions of software by name; null = unknown. */
  readonly versions: Readonly<Record<string, string | null>>;
  readonly preset: string | null;
  readonly dryRun: boolean;
  /** Path of the Phase E manifest; null without one. */
  readonly trainingManifest: string | null;
  /** One per job, in the plan's order. */
  readonly executionResults: readonly ExecutionResult[];
  /** Inputs that were made because they were missing. */
  readonly regenerated?: readonly ReconstructionManifest["regenerated"][number][];
}

/** `reconstruction_manifest.json` (study.md section 5.3, and what a rerun needs). */
export function buildReconstructionManifest(plan: JobPlan, facts: ManifestFacts): ReconstructionManifest {
  const notesOf = new Map(plan.cells.map((cell) => [cell.outputDir, cell.notes]));
  return {
    schema_version: "1.0",
    run_id: facts.runId,
    timestamp: facts.timestamp,
    versions: { ...facts.versions },
    preset: facts.preset,
    dry_run: facts.dryRun,
    training_manifest: facts.trainingManifest,
    ...placesOf(plan),
    total_jobs: plan.totals.totalJobs,
    filtered_jobs: plan.totals.selected,
    missing_jobs: plan.cells.filter(({ status }) => status === "missing").map(skippedJob),
    jobs: plan.jobs.map((job) => ({
      dose: job.dose,
      view: job.view,
      split: job.split,
      gridsize: job.gridsize,
      input_npz: job.inputNpz,
      output_dir: job.outputDir,
      algorithm: job.algorithm,
      num_epochs: job.numEpochs,
      seed: job.seed,
      notes: [...(notesOf.get(job.outputDir) ?? [])],
    })),
    execution_results: [...facts.executionResults],
    regenerated: [...(facts.regenerated ?? [])],
    notes: [...plan.notes],
  };
}

/** `skip_summary.json` (section 5.4): grouped by filter, each group in the study's order, missing cells last. */
export function buildSkipSummary(plan: JobPlan, facts: CallFacts): SkipSummary {
  const rejected = filterNames.flatMap((name) => plan.cells.filter(({ filter }) => filter === name));
  const missing = plan.cells.filter(({ status }) => status === "missing");
  return {
    schema_version: "1.0",
    run_id: facts.runId,
    timestamp: facts.timestamp,
    skipped_count: plan.totals.skipped,
    skipped_jobs: [...rejected, ...missing].map(skippedJob),
    missing_phase_d_count: plan.totals.missing,
    missing_phase_c_count: plan.totals.missingPhaseC,
  };
}

/** The object of `study plan --json`. */
export function buildPlanRecord(plan: JobPlan, trainingManifest: string | null): StudyPlanRecord {
  const { totals } = plan;
  return {
    schema_version: "1.0",
    cells: plan.cells.map((cell) => ({
      dose: cell.dose,
      view: cell.view,
      split: cell.split,
      gridsize: cell.gridsize,
      status: cell.status,
      reason: cell.reason,
      input_npz: cell.inputNpz,
      looked_for: [...cell.lookedFor],
      output_dir: cell.outputDir,
      seed: cell.seed,
      notes: [...cell.notes],
    })),
    totals: {
      cells: totals.cells,
      selected: totals.selected,
      filtered: totals.filtered,
      missing: totals.missing,
      skipped: totals.skipped,
      total_jobs: totals.totalJobs,
      missing_phase_c: totals.missingPhaseC,
      missing_phase_d: totals.missingPhaseD,
    },
    training_manifest: trainingManifest,
    ...placesOf(plan),
    notes: [...plan.notes],
  };
}

function placesOf({ roots, filters, baseSeed }: JobPlan) {
  const { dose, view, split, gridsize, maxJobs } = filters;
  return {
    phase_c_root: roots.phaseC,
    phase_d_root: roots.phaseD,
    artifact_root: roots.artifact,
    filters: { dose, view, split, gridsize },
    max_jobs: maxJobs,
    seeds: { base: baseSeed, rule: seedRule },
  };
}

function skippedJob({ dose, view, split, reason }: StudyCell): SkipSummary["skipped_jobs"][number] {
  return { dose, view, split, reason: reason! };
}
