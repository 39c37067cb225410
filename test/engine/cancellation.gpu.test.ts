// Stopping a run: the state of the last finished epoch, bit for bit; progress as promised.
import { beforeAll, describe, expect, test } from "vitest";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import type { EpochProgress, MinibatchProgress, ReconstructHooks } from "../../src/engine/result.ts";
import type { ReconstructOptionsInput } from "../../src/options.ts";
import { testDevice } from "../support/gpu.ts";
import { prepareFromGuess } from "./against-reference.ts";
import { bitsOf } from "./run-engine.ts";
import { makeTinyScan } from "./tiny-scan.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

const { dataset } = makeTinyScan();
const plain = { initialObject: "file", epochs: 4, batchSize: 4, canvas: { extraPx: 6 } } as const;
const run = (options: ReconstructOptionsInput = {}, hooks: ReconstructHooks = {}) =>
  reconstruct(device, dataset, { ...plain, ...options }, hooks);

/** Runs until `stop` asks for the end at a minibatch or at the end of an epoch. */
function runUntil(
  stop: { epoch: number; minibatch: number } | { afterEpoch: number },
  options: ReconstructOptionsInput = {},
) {
  const controller = new AbortController();
  return run(options, {
    signal: controller.signal,
    onMinibatch: ({ epoch, minibatch }) => {
      if ("epoch" in stop && epoch === stop.epoch && minibatch === stop.minibatch) controller.abort();
    },
    onEpoch: ({ epoch }) => {
      if ("afterEpoch" in stop && epoch === stop.afterEpoch) controller.abort();
    },
  });
}

describe("cancellation", () => {
  test("before the start: the starting point", async () => {
    const result = await run({}, { signal: AbortSignal.abort() });
    const problem = prepareFromGuess(dataset, plain);
    expect(result.status).toBe("cancelled");
    expect(result.diagnosis).toBeNull();
    expect(result.epochsCompleted).toBe(0);
    expect(result.loss.length).toBe(0);
    expect(Array.from(result.object.data)).toEqual(Array.from(problem.object.data));
    expect(Array.from(result.probe.data)).toEqual(Array.from(problem.probe.data));
  });

  for (const memory of [{}, { deviceMemoryBytes: 1 }] as ReconstructOptionsInput[]) {
    const how = "deviceMemoryBytes" in memory ? "streamed" : "resident";
    for (const minibatch of [0, 1]) {
      test(`in minibatch ${minibatch} of epoch 2, ${how}: the state after two epochs`, async () => {
        const stopped = await runUntil({ epoch: 2, minibatch }, memory);
        expect(stopped.status).toBe("cancelled");
        expect(stopped.epochsCompleted).toBe(2);
        expect(bitsOf(stopped)).toEqual(bitsOf(await run({ ...memory, epochs: 2 })));
        expect(stopped.schedule.epochs.length).toBe(2);
      });
    }
  }

  test("in epoch 0: the starting point", async () => {
    const stopped = await runUntil({ epoch: 0, minibatch: 1 });
    expect(stopped.status).toBe("cancelled");
    expect(stopped.epochsCompleted).toBe(0);
    expect(Array.from(stopped.object.data)).toEqual(Array.from(prepareFromGuess(dataset, plain).object.data));
  });

  test("in the last minibatch of an epoch: that epoch still counts", async () => {
    const stopped = await runUntil({ epoch: 1, minibatch: 2 });
    expect(stopped.status).toBe("cancelled");
    expect(stopped.epochsCompleted).toBe(2);
    expect(bitsOf(stopped)).toEqual(bitsOf(await run({ epochs: 2 })));
  });

  test("between epochs: the state after the finished ones", async () => {
    const stopped = await runUntil({ afterEpoch: 1 });
    expect(stopped.status).toBe("cancelled");
    expect(bitsOf(stopped)).toEqual(bitsOf(await run({ epochs: 2 })));
  });

  test("after the last epoch there is nothing left to cancel", async () => {
    const finished = await runUntil({ afterEpoch: 3 });
    expect(finished.status).toBe("complete");
    expect(finished.epochsCompleted).toBe(4);
  });
});

describe("progress", () => {
  test("once per minibatch with its patterns, once per epoch with its losses, in order", async () => {
    const events: string[] = [];
    const minibatches: MinibatchProgress[] = [];
    const epochs: EpochProgress[] = [];
    const result = await run(
      { batchSize: 5 },
      {
        onMinibatch: (progress) => {
          minibatches.push(progress);
          events.push(`minibatch ${progress.epoch}.${progress.minibatch}`);
        },
        onEpoch: (progress) => {
          epochs.push(progress);
          events.push(`epoch ${progress.epoch}`);
        },
      },
    );
    const expected = [0, 1, 2, 3].flatMap((e) => [0, 1, 2].map((m) => `minibatch ${e}.${m}`).concat(`epoch ${e}`));
    expect(events).toEqual(expected);
    for (const { epoch, minibatch, minibatchCount, indices } of minibatches) {
      expect(minibatchCount).toBe(3);
      expect(Array.from(indices)).toEqual(result.schedule.epochs[epoch]![minibatch]);
    }
    for (const { epoch, epochCount, loss, minibatchLoss, seconds, patternsPerSecond } of epochs) {
      expect(epochCount).toBe(4);
      expect(loss).toBe(result.loss[epoch]);
      expect(minibatchLoss.length).toBe(3);
      expect(minibatchLoss.reduce((sum, value) => sum + value, 0) / 3).toBe(loss);
      expect(patternsPerSecond * seconds).toBeCloseTo(12, 6);
    }
  });

  test("a callback that throws ends the run with its error and leaves the device usable", async () => {
    const thrown = new Error("from the callback");
    const failing = run(
      {},
      {
        onMinibatch: () => {
          throw thrown;
        },
      },
    );
    await expect(failing).rejects.toBe(thrown);
    expect((await run({ epochs: 1 })).status).toBe("complete");
  });

  test("a source that cannot be read any more ends the run with its error", async () => {
    let reads = 0;
    const read: typeof dataset.patterns.read = async (indices, target) => {
      if (++reads > 4) throw new RangeError("the file is gone");
      await dataset.patterns.read(indices, target);
    };
    const broken = { ...dataset, patterns: { ...dataset.patterns, read } };
    const failing = reconstruct(device, broken, { ...plain, deviceMemoryBytes: 1 });
    await expect(failing).rejects.toThrow("the file is gone");
    expect((await run({ epochs: 1 })).status).toBe("complete");
  });
});
