// `study run --dry-run`: what would run, whether its inputs are fit, what it would take. Touches no result.

import type { ReconstructionJob } from "../../jobs/build-jobs.ts";
import type { ReconstructOptions } from "../../options.ts";
import type { CallRecorder } from "./call-recorder.ts";
import type { CheckedInput } from "./check-inputs.ts";
import { JobEstimator } from "./estimate.ts";
import { PREVIEW_LENGTH } from "./job-log.ts";
import type { StudyReporter } from "./study-reporter.ts";
import type { StudyWorker } from "./worker-process.ts";

/** A job with what was found about it. */
export interface PreparedJob {
  readonly job: ReconstructionJob;
  readonly options: ReconstructOptions;
  /** The same job by hand. */
  readonly command: string;
  readonly input: CheckedInput;
}

/** Estimates and notes every job; ends early when the call is to stop. */
export async function estimateJobs(
  jobs: readonly PreparedJob[],
  worker: () => StudyWorker,
  signal: AbortSignal,
  recorder: CallRecorder,
  reporter: StudyReporter,
): Promise<void> {
  const estimator = new JobEstimator(worker);
  for (const [index, { job, options, command, input }] of jobs.entries()) {
    if (signal.aborted) return;
    const estimate = input.facts ? await estimator.estimate(input.facts, options) : null;
    if (signal.aborted) return;
    reporter.dryJob({ number: index + 1, jobCount: jobs.length, job, command, input, estimate });
    recorder.note(job, input, {
      returncode: input.refusal?.exitCode ?? 0,
      error: input.refusal?.message ?? null,
      error_code: input.refusal?.code ?? null,
      stdout_preview: `[DRY RUN] Would execute: ${command}`.slice(0, PREVIEW_LENGTH),
      dry_run: true,
      estimate,
      photon_scale: input.photonScale,
    });
  }
  if (estimator.reason !== null) reporter.remark(`no times: ${estimator.reason}`);
}
