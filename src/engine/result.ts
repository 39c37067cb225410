// What a reconstruction reports while it runs and returns at its end.

import type { ComplexArray } from "../complex.ts";
import type { DatasetNote } from "../data/dataset.ts";
import type { ReconstructOptions } from "../options.ts";
import type { ProfileName } from "../profile-names.ts";
import type { MinibatchPlan, Schedule } from "../schedule/schedule.ts";
import type { Checkpoint, CheckpointHooks } from "./checkpoint.ts";
import type { ProfileSource } from "./profile-choice.ts";

/** Sent when a minibatch has been handed to the device. */
export interface MinibatchProgress {
  readonly epoch: number;
  readonly minibatch: number;
  readonly minibatchCount: number;
  readonly indices: Uint32Array;
}

/** Sent when an epoch is done and its losses have been read back (once per epoch). */
export interface EpochProgress {
  readonly epoch: number;
  readonly epochCount: number;
  /** Mean over minibatches of `minibatchLoss`. */
  readonly loss: number;
  readonly minibatchLoss: Float64Array;
  readonly seconds: number;
  readonly patternsPerSecond: number;
}

/** An epoch's report with how far the run is. */
export interface RunProgress extends EpochProgress {
  /** Finished epochs over all, 0 ... 1. */
  readonly share: number;
  /** Seconds that the epochs left will take, by the mean of those of this call; pauses left out. */
  readonly etaSeconds: number;
}

/** Where the numbers first went wrong. */
export interface Diagnosis {
  readonly epoch: number;
  readonly minibatch: number | null;
  readonly quantity: "loss" | "object" | "probe";
  readonly likelyCause: string;
}

/** What a picture of the run can be painted from; valid for commands that are submitted before `paint` is done. */
export interface PreviewSources {
  /** The epoch that has just ended, from 0. */
  readonly epoch: number;
  /** complex64 [y, x] on the canvas. */
  readonly object: GPUBuffer;
  readonly objectShape: readonly [rows: number, columns: number];
  /** complex64 [mode, y, x], at the run's intensity scale: its modulus is that of the result times `probeScale`. */
  readonly probe: GPUBuffer;
  readonly probeShape: readonly [modes: number, rows: number, columns: number];
  readonly probeScale: number;
}

/** Paints pictures while the run goes on. The buffers may be copied from and read, not written. */
export interface PreviewHook {
  /** Epochs between two calls, default 1; the last epoch is always shown. */
  readonly everyEpochs?: number;
  /** The next epoch waits for it. */
  readonly paint: (sources: PreviewSources) => void | Promise<void>;
}

export interface ReconstructHooks {
  readonly onMinibatch?: (progress: MinibatchProgress) => void;
  readonly onEpoch?: (progress: EpochProgress) => void;
  /** Called after each epoch, behind `onEpoch`. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** The run waits for it before each epoch; `signal` is looked at afterwards. Changes no bit of the result. */
  readonly beforeEpoch?: (epoch: number) => void | Promise<void>;
  readonly preview?: PreviewHook;
  /** Stops at the next minibatch; the result then has status "cancelled" and the state of the last finished epoch. */
  readonly signal?: AbortSignal;
  /** Explicit schedule; batching mode, batch size and seed are then ignored. */
  readonly schedule?: Schedule;
  readonly checkpoints?: CheckpointHooks;
  /** Goes on after the checkpoint's epochs; object, probe and loss are then those of an uninterrupted run. */
  readonly resumeFrom?: Checkpoint;
  /** Profile that was once measured to be the fastest on this adapter: taken when neither options nor checkpoint name one. */
  readonly tunedProfile?: ProfileName;
}

export interface ReconstructResult {
  /** "diverged": NaN or Inf appeared; object and probe are those of the last good epoch. */
  readonly status: "complete" | "cancelled" | "diverged";
  readonly diagnosis: Diagnosis | null;
  readonly epochsCompleted: number;
  /** [slice, y, x] on the canvas. */
  readonly object: ComplexArray;
  /** [oprMode, mode, y, x]. */
  readonly probe: ComplexArray;
  /** Factor on the intensities during the run, undone in probe and squared losses; 1 = none. */
  readonly intensityScale: number;
  /** [epoch] of the finished epochs. */
  readonly loss: Float64Array;
  /** (y, x): data coordinate of canvas pixel [0, 0]; whole numbers. */
  readonly canvasOriginPx: readonly [number, number];
  /** [position, 2] (y, x): canvas point under pattern index (h//2, w//2). */
  readonly positionsPx: Float64Array;
  /** (y, x): what was added to the centred positions (the half-pixel rule is in `options.canvas`). */
  readonly positionOriginPx: readonly [number, number];
  /** [position, 2] (y, x): first canvas row and column of every patch. */
  readonly startIndicesPx: Int32Array;
  /** [position, 2] (y, x): sub-pixel part by which the probe is shifted. */
  readonly fractionsPx: Float32Array;
  /** Pattern indices that were used at least once, ascending. */
  readonly scanIndexUsed: Int32Array;
  /** The schedule of the finished epochs (at least one), explicit; large, so it is made anew at every access. */
  readonly schedule: Schedule;
  /** The same, epoch by epoch. */
  readonly plan: MinibatchPlan;
  readonly options: ReconstructOptions;
  /** How kernels were laid out, and on whose word. */
  readonly profile: ProfileName;
  readonly profileSource: ProfileSource;
  /** "resident" or "streamed", patterns kept on the device, bytes. */
  readonly memory: {
    readonly patterns: "resident" | "streamed";
    readonly patternBytes: number;
    readonly workingBytes: number;
  };
  readonly seconds: { readonly compile: number; readonly load: number; readonly compute: number };
  readonly notes: readonly DatasetNote[];
}
