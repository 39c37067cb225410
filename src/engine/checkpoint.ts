// The state of a run between two epochs, from which another process can go on with the same bits.

import type { ComplexArray } from "../complex.ts";
import { InputError } from "../errors.ts";
import type { ProfileName } from "../profile-names.ts";
import type { LsqmlProblem } from "./problem.ts";

/** What an epoch takes over from the one before. */
export interface EngineSnapshot {
  /** [slice, y, x]. */
  readonly object: ComplexArray;
  /** [oprMode, mode, y, x]. */
  readonly probe: ComplexArray;
  /** [y, x] illumination map C of the canvas. */
  readonly illumination: Float32Array;
  /** [pattern] exit-wave steps of the Poisson model. */
  readonly farStep: Float32Array;
}

/** A snapshot and how far the run had come. */
export interface Checkpoint extends EngineSnapshot {
  /** At least 1. */
  readonly epochsCompleted: number;
  /** [epoch] of the finished epochs. */
  readonly loss: Float64Array;
  /** Step sizes without a solution so far. */
  readonly unsolvedSteps: number;
  /** Profile of the epochs so far; null = not known. */
  readonly profile: ProfileName | null;
}

/** Asks for checkpoints, and where to go on from. */
export interface CheckpointHooks {
  /** Seconds between checkpoints, taken at the end of an epoch; 0 = after every epoch. */
  readonly everySeconds: number;
  /** Called with each checkpoint, also when the run is stopped; the run waits for it. */
  readonly save: (checkpoint: Checkpoint) => Promise<void>;
}

/** Throws InputError CHECKPOINT_MISMATCH (65) when a checkpoint cannot belong to this problem. */
export function assertCheckpointFits(checkpoint: Checkpoint, problem: LsqmlProblem): void {
  const { options } = problem;
  const sizes: [field: string, expected: number, got: number][] = [
    ["object", problem.object.data.length, checkpoint.object.data.length],
    ["probe", problem.probe.data.length, checkpoint.probe.data.length],
    ["illumination", problem.object.data.length / 2, checkpoint.illumination.length],
    ["far_step", problem.patterns.count, checkpoint.farStep.length],
    ["loss", checkpoint.epochsCompleted, checkpoint.loss.length],
  ];
  for (const [field, expected, got] of sizes) {
    if (expected === got) continue;
    throw mismatch(field, `${expected} values`, String(got));
  }
  const arrays = {
    object: checkpoint.object.data,
    probe: checkpoint.probe.data,
    illumination: checkpoint.illumination,
  };
  for (const [field, values] of Object.entries(arrays)) {
    if (!values.every(Number.isFinite)) throw mismatch(field, "finite values", "NaN or infinite ones");
  }
  if (checkpoint.epochsCompleted < 1 || checkpoint.epochsCompleted > options.epochs) {
    throw mismatch("epochs_completed", `1 ... ${options.epochs}`, String(checkpoint.epochsCompleted));
  }
  if (options.profile !== null && checkpoint.profile !== null && options.profile !== checkpoint.profile) {
    throw mismatch("profile", options.profile, checkpoint.profile);
  }
}

function mismatch(field: string, expected: string, got: string): InputError {
  return new InputError("CHECKPOINT_MISMATCH", "the checkpoint belongs to another run", {
    source: "checkpoint",
    field,
    expected,
    got,
    remedy: "Start anew with --overwrite",
  });
}
