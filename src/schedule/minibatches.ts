// Which patterns form which minibatch: the seeded modes RANDOM and UNIFORM (spec: batching.md sections 2, 3 and 5).

import { OptionsError } from "../errors.ts";
import { createGenerator, permuteIndices, streamPurpose } from "./random.ts";
import type { MinibatchPlan } from "./schedule.ts";
import { spreadMembership } from "./uniform.ts";

/** The distance table of a UNIFORM minibatch grows with its square: 256 MiB at this size. */
const LARGEST_UNIFORM_BATCH = 4096;

export interface MinibatchSettings {
  /** Number of patterns. */
  readonly count: number;
  /** Patterns per minibatch; more than `count` means all in one. */
  readonly batchSize: number;
  /** "random": new membership every epoch; "uniform": fixed membership spread over the scan, new order every epoch. */
  readonly batching: "random" | "uniform";
  /** Cut into pieces of nearly equal size instead of leaving a short last one. */
  readonly evenBatches: boolean;
  /** Integer in [0, 2^32). */
  readonly seed: number;
  /** [position, 2] (y, x); only "uniform" looks at it. */
  readonly positionsPx: Float64Array;
}

/**
 * Minibatches of every epoch from a seed. Epoch e depends on seed and e only. Throws OptionsError when there is no
 * pattern, the batch size is no positive integer (or too large for "uniform"), or the positions do not fit the count.
 */
export function createMinibatchPlan(settings: MinibatchSettings): MinibatchPlan {
  checkSettings(settings);
  const { count, batchSize, evenBatches, seed, batching } = settings;
  const bounds = cutBounds(count, batchSize, evenBatches);
  const maxBatchSize = Math.max(...bounds.slice(1).map((end, piece) => end - bounds[piece]!));
  if (batching === "random") {
    return {
      mode: "random",
      maxBatchSize,
      sameSizes: true,
      minibatches: (epoch) =>
        cutPieces(permuteIndices(count, createGenerator(seed, streamPurpose.randomOrder, epoch)), bounds),
    };
  }
  const start = permuteIndices(count, createGenerator(seed, streamPurpose.uniformMembership));
  const pieces = spreadMembership(cutPieces(start, bounds), settings.positionsPx);
  return {
    mode: "uniform",
    maxBatchSize,
    sameSizes: false,
    minibatches: (epoch) => {
      const order = permuteIndices(pieces.length, createGenerator(seed, streamPurpose.uniformOrder, epoch));
      return Array.from(order, (piece) => pieces[piece]!.slice());
    },
  };
}

function checkSettings(settings: MinibatchSettings): void {
  const { count, batchSize, batching, positionsPx } = settings;
  if (!Number.isInteger(count) || count < 1) {
    throw new OptionsError("SCHEDULE_COUNT", "there is no pattern to schedule", { got: String(count) });
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new OptionsError("OPTIONS_VALUE", "not a batch size", {
      field: "batchSize",
      expected: "an integer of at least 1",
      got: String(batchSize),
    });
  }
  if (batching === "uniform" && batchSize < count && batchSize > LARGEST_UNIFORM_BATCH) {
    throw new OptionsError("OPTIONS_VALUE", "too large a minibatch for batching `uniform`", {
      field: "batchSize",
      expected: `at most ${LARGEST_UNIFORM_BATCH}`,
      got: String(batchSize),
      remedy: "Use batching `random`",
    });
  }
  if (batching === "uniform" && positionsPx.length !== 2 * count) {
    throw new OptionsError("SCHEDULE_POSITIONS", "uniform minibatches need the position of every pattern", {
      expected: `${2 * count} coordinates`,
      got: String(positionsPx.length),
    });
  }
}

/** Bounds of the pieces: pieces of `batchSize` and a rest, or as many pieces of sizes that differ by at most one. */
function cutBounds(count: number, batchSize: number, even: boolean): number[] {
  const pieceCount = Math.ceil(count / batchSize);
  return Array.from({ length: pieceCount + 1 }, (_, piece) =>
    even ? Math.floor((piece * count) / pieceCount) : Math.min(count, piece * batchSize),
  );
}

function cutPieces(order: Uint32Array, bounds: readonly number[]): Uint32Array[] {
  return bounds.slice(1).map((end, piece) => order.slice(bounds[piece]!, end));
}
