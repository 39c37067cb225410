// An explicit minibatch schedule: which patterns, in which minibatch, in which order (spec: batching.md section 6).

/** Epochs of minibatches of pattern indices. */
export interface Schedule {
  readonly version: 1;
  /** Number of patterns the indices refer to. */
  readonly n: number;
  readonly mode: "random" | "uniform" | "compact";
  /** What follows after the last listed epoch. */
  readonly repeat: "last" | "cycle" | "error";
  readonly epochs: readonly (readonly (readonly number[])[])[];
}

/** Minibatches of any epoch; epoch e never depends on earlier calls. */
export interface MinibatchPlan {
  readonly mode: Schedule["mode"];
  /** Largest minibatch over the whole run. */
  readonly maxBatchSize: number;
  /** True when every epoch has minibatches of the same sizes. */
  readonly sameSizes: boolean;
  /** Minibatches of epoch `epoch` (0-based), in order. */
  minibatches(epoch: number): readonly Uint32Array[];
}
