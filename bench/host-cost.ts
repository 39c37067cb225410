// H12: what a minibatch costs the host in Node. Epochs are encoded as ever while the device gets nothing to do, so that
// only encoding remains; what the submits themselves take is measured in epochs that do run.

import { LsqmlEngine } from "../src/index.ts";
import { type OpenedDevice, openDevice } from "../src/node/index.ts";
import type { AdapterChoice } from "./compare-job.ts";
import { BATCH_SIZE, type HostRow } from "./compare-rows.ts";
import { median, type Spread, spread } from "./statistics.ts";
import { makeTimingProblem } from "./synthetic.ts";

export interface HostResult {
  /** What a further minibatch adds to an epoch whose submits are left out: tables, encoding, command buffers. */
  readonly encodeSeconds: number;
  /** What such an epoch takes beside its minibatches: start, read-back, end. */
  readonly epochSeconds: number;
  /** Seconds inside `queue.submit` per minibatch, in epochs that run. */
  readonly submitSeconds: Spread;
  /** Encoding and submit. */
  readonly totalSeconds: number;
}

/** A long epoch has the minibatches of a short one so many times. */
const LONGER = 8;

/** Opens a device of its own and destroys it. */
export async function measureHostCost(
  { size, modes, patterns }: HostRow,
  { device: choice, adapter, driver }: AdapterChoice,
  repeats: number,
): Promise<HostResult> {
  const opened: OpenedDevice = await openDevice({
    device: choice as "auto",
    ...(adapter ? { adapter } : {}),
    ...(driver ? { driver } : {}),
  });
  const timing = makeTimingProblem({ size, modeCount: modes, patternCount: patterns, batchSize: BATCH_SIZE });
  const isLong = (epoch: number) => epoch % 2 === 1;
  const short = timing.plan.minibatches(0);
  const long = Array.from({ length: LONGER }, () => short).flat();
  const plan = { ...timing.plan, sameSizes: false, minibatches: (epoch: number) => (isLong(epoch) ? long : short) };
  const engine = await LsqmlEngine.create(opened.device, { ...timing, plan }, 2);
  const { queue } = opened.device;
  const submit = queue.submit.bind(queue);
  const replace = (replacement: GPUQueue["submit"]) =>
    Object.defineProperty(queue, "submit", { value: replacement, configurable: true, writable: true });
  try {
    await engine.runEpoch(0);
    let inSubmit = 0;
    replace((buffers) => {
      const begin = performance.now();
      submit(buffers);
      inSubmit += performance.now() - begin;
    });
    const submits: number[] = [];
    for (let run = 1; run <= repeats; run++) {
      inSubmit = 0;
      await engine.runEpoch(2 * run);
      await queue.onSubmittedWorkDone();
      submits.push(inSubmit / 1000 / short.length);
    }
    replace(() => {});
    const times = { short: [] as number[], long: [] as number[] };
    // like a long run's: no tenth, which does more; the first two warm up
    const first = Math.max(2 * repeats + 1, 11);
    for (let epoch = first; times.short.length < repeats || times.long.length < repeats; epoch++) {
      const begin = performance.now();
      await engine.runEpoch(epoch);
      const seconds = (performance.now() - begin) / 1000;
      if (epoch >= first + 2 && epoch % 10 !== 0) times[isLong(epoch) ? "long" : "short"].push(seconds);
    }
    const encodeSeconds = (median(times.long) - median(times.short)) / (long.length - short.length);
    const submitSeconds = spread(submits);
    return {
      encodeSeconds,
      epochSeconds: median(times.short) - short.length * encodeSeconds,
      submitSeconds,
      totalSeconds: encodeSeconds + submitSeconds.median,
    };
  } finally {
    replace(submit);
    engine.destroy();
    opened.close();
  }
}
