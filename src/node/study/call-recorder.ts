// What a call has come to so far, and writing it down: results, scores, records.

import { randomBytes } from "node:crypto";
import { PtychoError } from "../../errors.ts";
import type { ExecutionResult } from "../../jobs/artifact-schemas.ts";
import type { ReconstructionJob } from "../../jobs/build-jobs.ts";
import type { PresetName } from "../../jobs/presets.ts";
import { readVersions } from "../artifacts.ts";
import type { Receipt } from "../run-receipt.ts";
import { prepareCallRecords, writeCallRecords } from "./call-records.ts";
import { scoreCell } from "./cell-scores.ts";
import type { CheckedInput } from "./check-inputs.ts";
import type { StudyPlan } from "./plan-study.ts";
import type { RegeneratedInput } from "./regenerate-missing.ts";
import { readReceipts } from "./reuse.ts";
import type { JobEnd } from "./run-job.ts";
import { type CellScores, formatSummary } from "./summary.ts";

/** What does not change while a call runs. */
export interface CallNature {
  readonly plan: StudyPlan;
  readonly preset: PresetName;
  readonly dryRun: boolean;
  readonly regenerated: readonly RegeneratedInput[];
  /** Throws when the root is no longer ours to write. */
  assertHeld(): Promise<void>;
}

export class CallRecorder {
  readonly runId: string;
  readonly #timestamp: string;
  readonly #nature: CallNature;
  readonly #results = new Map<string, ExecutionResult>();
  readonly #scores = new Map<string, CellScores>();

  constructor(nature: CallNature) {
    this.#timestamp = new Date().toISOString();
    this.runId = `${this.#timestamp.replace(/[-:]|\.\d+/g, "")}-${randomBytes(3).toString("hex")}`;
    this.#nature = nature;
  }

  /** One per job, in the order in which they were first noted. */
  get results(): readonly ExecutionResult[] {
    return [...this.#results.values()];
  }

  /** Notes a result; what is left out is as for a job that has not run. */
  note(job: ReconstructionJob, input: CheckedInput, result: Partial<ExecutionResult> = {}): void {
    const { dose, view, split, outputDir } = job;
    const place = { dose, view, split, returncode: null, log_path: null, stdout_preview: "" };
    const facts = { ...(input.telemetry ?? {}), error: null, reused: false, receipt: null };
    this.#results.set(outputDir, { ...place, ...facts, ...result });
  }

  noteEnd(job: ReconstructionJob, input: CheckedInput, end: JobEnd, receiptPath: string): void {
    const { returnCode: returncode, error, errorCode: error_code, stdoutPreview: stdout_preview, logPath } = end;
    const receipt = returncode === 0 ? receiptPath : null;
    this.note(job, input, { returncode, error, error_code, stdout_preview, log_path: logPath, receipt });
  }

  /**
   * Scores a result; figures that cannot be written down stay unknown and cost nothing else. Throws as `assertHeld` does.
   */
  async score(job: ReconstructionJob, receipt: Receipt): Promise<void> {
    const { outputDir, inputNpz } = job;
    await this.#nature.assertHeld();
    const scores = await scoreCell(outputDir, inputNpz, receipt).catch((error: unknown) => {
      if (!(error instanceof PtychoError)) throw error;
    });
    if (scores) this.#scores.set(outputDir, scores);
  }

  /** Makes the folder of the call's records. Throws OutputError. */
  async prepare(): Promise<void> {
    await this.#nature.assertHeld();
    await prepareCallRecords(this.#nature.plan.roots.artifact, this.runId);
  }

  /** Writes all records. Throws OutputError, and BusyError (75) when another run has taken over. */
  async record(status: "running" | "finished" | "stopped"): Promise<void> {
    const { plan, preset, dryRun, regenerated, assertHeld } = this.#nature;
    await assertHeld();
    const receipts = await readReceipts(plan);
    const named = { runId: this.runId, timestamp: this.#timestamp, preset, dryRun };
    const facts = {
      ...named,
      versions: readVersions(),
      trainingManifest: plan.manifestPath,
      executionResults: this.results,
      regenerated,
    };
    const summary = formatSummary({ ...named, plan, results: this.#results, receipts, scores: this.#scores });
    await writeCallRecords(plan.roots.artifact, { plan, facts, status, summary });
  }
}
