// Messages between the orchestrator of a study and its worker. Plain data; sent with structured cloning.

import type { DatasetNote } from "../../data/dataset.ts";
import type { BatchMeasurement, BatchShapeToMeasure } from "../../engine/measure-batch.ts";
import type { AdapterFacts } from "../../gpu/device.ts";
import type { ReconstructOptions } from "../../options.ts";
import type { StagedFile } from "../atomic-write.ts";

/** A reconstruction for the worker. */
export interface WorkerJob {
  readonly input: string;
  readonly options: ReconstructOptions;
  readonly folder: string;
  readonly checkpointSeconds: number | null;
  /** Go on from a checkpoint of the same run. */
  readonly resume: boolean;
}

/** How a job ended in the worker. */
export interface WorkerOutcome {
  /** Exit code of reliability.md section 8; null when the job was stopped and left a checkpoint or nothing. */
  readonly exitCode: number | null;
  readonly status: "complete" | "cancelled" | "diverged" | "failed";
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A measured minibatch, for estimates, and on what. */
export interface Measurement extends BatchMeasurement {
  readonly adapter: string;
}

export type ToWorker =
  | { readonly type: "job"; readonly job: WorkerJob }
  | { readonly type: "measure"; readonly shape: BatchShapeToMeasure }
  | { readonly type: "stop" }
  /** Answer to a `commit`: the files are in place. */
  | { readonly type: "committed" }
  | { readonly type: "refused"; readonly code: string; readonly message: string };

export type FromWorker =
  | { readonly type: "ready" }
  /** The event loop runs. `peakBytes`: the most memory that the process has held so far. */
  | { readonly type: "beat"; readonly peakBytes: number }
  | { readonly type: "notes"; readonly notes: readonly DatasetNote[] }
  | { readonly type: "adapter"; readonly facts: AdapterFacts; readonly line: string }
  | { readonly type: "start"; readonly epochsCompleted: number; readonly remarks: readonly string[] }
  /** Minibatches move; at most one a second. */
  | { readonly type: "progress" }
  | {
      readonly type: "epoch";
      readonly epoch: number;
      readonly epochCount: number;
      readonly loss: number;
      readonly seconds: number;
      readonly patternsPerSecond: number;
    }
  | {
      readonly type: "commit";
      readonly kind: "checkpoint" | "result";
      readonly files: readonly StagedFile[];
      /** Files of an earlier result that must not stay beside these. */
      readonly obsolete: readonly string[];
    }
  | { readonly type: "measured"; readonly measurement: Measurement | null; readonly reason: string | null }
  | { readonly type: "done"; readonly outcome: WorkerOutcome };
