// What the numbers read back at the end of an epoch say: losses, and where NaN or Inf first appeared.

import type { MinibatchEntry } from "./epoch-tables.ts";
import { REDUCTION_LANES } from "./state.ts";

/** Initial value of the flags of the first bad minibatch. */
export const NO_BAD_MINIBATCH = 0xffffffff;

/** What is read back at the end of an epoch. */
export interface EpochOutcome {
  /** Mean over minibatches. */
  readonly loss: number;
  /** [minibatch] mean over its patterns and pixels. */
  readonly minibatchLoss: Float64Array;
  /** First minibatch after which a quantity held NaN or Inf. */
  readonly firstBad: { readonly quantity: "loss" | "object" | "probe"; readonly minibatch: number } | null;
  /** Step sizes that had no solution and were left out. */
  readonly unsolvedSteps: number;
  /** False when the run was stopped inside the epoch. */
  readonly finished: boolean;
}

/**
 * The outcome of an epoch from its buffers: `losses` [slot of the epoch] of (summed loss, summed modelled intensity),
 * `flags` as in LsqmlState.
 */
export function judgeEpoch(
  minibatches: readonly MinibatchEntry[],
  pixels: number,
  results: { readonly losses: Float32Array; readonly flags: Uint32Array },
): EpochOutcome {
  const minibatchLoss = new Float64Array(minibatches.length);
  let slot = 0;
  for (const [number, minibatch] of minibatches.entries()) {
    let total = 0;
    for (let position = 0; position < minibatch.indices.length; position++) total += results.losses[2 * slot++]!;
    minibatchLoss[number] = total / (minibatch.indices.length * pixels);
  }
  const loss = minibatchLoss.reduce((sum, value) => sum + value, 0) / minibatchLoss.length;
  const badLoss = minibatchLoss.findIndex((value) => !Number.isFinite(value));
  const candidates = [
    { quantity: "object" as const, minibatch: results.flags[0]! },
    { quantity: "probe" as const, minibatch: results.flags[1]! },
    { quantity: "loss" as const, minibatch: badLoss < 0 ? NO_BAD_MINIBATCH : badLoss },
  ].filter((candidate) => candidate.minibatch !== NO_BAD_MINIBATCH);
  // the loss of a minibatch is computed before its update: on a tie it was bad first
  candidates.sort((a, b) => a.minibatch - b.minibatch || (a.quantity === "loss" ? -1 : 1));
  return { loss, minibatchLoss, firstBad: candidates[0] ?? null, unsolvedSteps: results.flags[2]!, finished: true };
}

/** K[a, b] = sum over lanes, in float64; row-major (re, im). */
export function sumModeProducts(lanes: Float32Array, modeCount: number): Float64Array {
  const values = new Float64Array(2 * modeCount * modeCount);
  let pair = 0;
  for (let a = 0; a < modeCount; a++) {
    for (let b = a; b < modeCount; b++, pair++) {
      let re = 0;
      let im = 0;
      for (let lane = 0; lane < REDUCTION_LANES; lane++) {
        re += lanes[2 * (pair * REDUCTION_LANES + lane)]!;
        im += lanes[2 * (pair * REDUCTION_LANES + lane) + 1]!;
      }
      values.set([re, a === b ? 0 : im], 2 * (a * modeCount + b));
      if (a !== b) values.set([re, -im], 2 * (b * modeCount + a));
    }
  }
  return values;
}
