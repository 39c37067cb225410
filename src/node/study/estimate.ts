// Memory and time of a job before it runs: by formula, and from a minibatch measured on the device at hand.

import type { ReconstructOptions } from "../../options.ts";
import type { InputFacts } from "./check-inputs.ts";
import type { StudyWorker } from "./worker-process.ts";
import type { Measurement } from "./worker-protocol.ts";

/** What a job will need; null = not known. */
export interface JobEstimate {
  /** Patterns on the device, if they all fit there. */
  readonly patternBytes: number;
  /** Canvas, probe and working buffers. */
  readonly workingBytes: number | null;
  readonly seconds: number | null;
}

const COMPLEX_BYTES = 8;
/** Canvas-sized numbers of the engine: object and its two earlier states, the direction, maps (src/engine/state.ts). */
const CANVAS_BYTES = 3 * COMPLEX_BYTES + 2 * COMPLEX_BYTES + 4 * 4;

/** Bytes of all patterns of an input that are used, on a device. */
export function patternBytesOf({ framePx, patternsUsed }: InputFacts): number {
  return patternsUsed * framePx[0] * framePx[1] * 4;
}

/** Estimates jobs; a measurement serves all inputs of the same shape and noise model. */
export class JobEstimator {
  readonly #worker: () => StudyWorker;
  readonly #measured = new Map<string, Measurement | null>();
  /** Why nothing could be measured; null while it could. */
  reason: string | null = null;
  adapter: string | null = null;

  constructor(worker: () => StudyWorker) {
    this.#worker = worker;
  }

  async estimate(facts: InputFacts, options: ReconstructOptions): Promise<JobEstimate> {
    const { framePx, modeCount, patternsUsed, extentPx } = facts;
    const pixels = framePx[0] * framePx[1];
    const canvas = extentPx.reduce((product, length) => product * (length + options.canvas.extraPx), 1);
    const measured = await this.#measure(facts, options);
    return {
      patternBytes: patternBytesOf(facts),
      workingBytes: measured
        ? measured.workingBytes + canvas * CANVAS_BYTES + 3 * modeCount * pixels * COMPLEX_BYTES
        : null,
      seconds: measured ? measured.secondsPerPattern * patternsUsed * options.epochs : null,
    };
  }

  async #measure(
    { framePx, modeCount, patternsUsed }: InputFacts,
    options: ReconstructOptions,
  ): Promise<Measurement | null> {
    if (this.reason !== null) return null;
    const patternCount = Math.min(patternsUsed, options.batchSize);
    const key = JSON.stringify([framePx, modeCount, patternCount, options.noiseModel]);
    const known = this.#measured.get(key);
    if (known !== undefined) return known;
    const shape = {
      framePx,
      modeCount,
      patternCount,
      options: { batchSize: options.batchSize, noiseModel: options.noiseModel },
    };
    const { measurement, reason } = await this.#worker().measure(shape);
    this.#measured.set(key, measurement);
    if (!measurement) this.reason = reason;
    else this.adapter = measurement.adapter;
    return measurement;
  }
}
