// Epochs of a made-up problem, one by one, so that several engines can take turns.

import { LsqmlEngine } from "../src/index.ts";
import { makeTimingProblem, type TimingProblem } from "./synthetic.ts";

/** The illumination map is rebuilt in epochs 1 to 9 and every tenth: the others are timed, as in a long run. */
const FIRST_TIMED_EPOCH = 11;

/** An engine, warm, and the next of its epochs. */
export class EpochRunner {
  /** Seconds of the epochs run so far. */
  readonly times: number[] = [];
  #epoch = FIRST_TIMED_EPOCH;
  readonly #engine: LsqmlEngine;
  /** Pixels per side of the object. */
  readonly canvasPx: number;

  private constructor(engine: LsqmlEngine, canvasPx: number) {
    this.#engine = engine;
    this.canvasPx = canvasPx;
  }

  static async start(device: GPUDevice, shape: TimingProblem, streamed: boolean): Promise<EpochRunner> {
    const problem = makeTimingProblem({ ...shape, options: streamed ? { deviceMemoryBytes: 1 } : {} });
    const engine = await LsqmlEngine.create(device, problem, 1);
    for (const epoch of [0, 1]) await engine.runEpoch(epoch);
    return new EpochRunner(engine, problem.object.shape[1]!);
  }

  get resident(): boolean {
    return this.#engine.state.patternsResident;
  }

  get deviceBytes(): number {
    return this.#engine.state.pool.sizeBytes;
  }

  /** Runs and times an epoch; gives its loss. */
  async run(): Promise<number> {
    const begin = performance.now();
    const { loss } = await this.#engine.runEpoch(this.#epoch);
    this.times.push((performance.now() - begin) / 1000);
    this.#epoch += this.#epoch % 10 === 9 ? 2 : 1;
    return loss;
  }

  destroy(): void {
    this.#engine.destroy();
  }
}
