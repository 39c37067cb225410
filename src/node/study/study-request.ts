// What a call of `ptycho study run` asks for, and what it comes to.

import type { ExecutionResult } from "../../jobs/artifact-schemas.ts";
import type { AllowedGaps } from "../../jobs/build-jobs.ts";
import type { PresetName } from "../../jobs/presets.ts";
import type { StudySelection } from "./plan-study.ts";
import type { WorkerDevice } from "./worker.ts";

export interface StudyRunRequest {
  readonly selection: StudySelection;
  readonly allowed: AllowedGaps;
  readonly preset: PresetName;
  readonly dryRun: boolean;
  readonly keepGoing: boolean;
  readonly overwrite: boolean;
  /** Read every hashed file again. */
  readonly verify: boolean;
  /** Make inputs that are missing. */
  readonly regenerateMissing: boolean;
  readonly breakLock: boolean;
  readonly checkpointSeconds: number | null;
  readonly hangSeconds: number;
  /** Time for a worker to reach a minibatch boundary and leave a checkpoint, once a stop was asked for. */
  readonly stopSeconds: number;
  readonly device: WorkerDevice;
}

/** What a call came to; the exit code is made from it. */
export interface StudyRunEnd {
  readonly results: readonly ExecutionResult[];
  /** True when a signal ended it with work left. */
  readonly stopped: boolean;
  /** Inputs that are missing and were not forgiven, in words; null when there are none. */
  readonly gap: string | null;
}
