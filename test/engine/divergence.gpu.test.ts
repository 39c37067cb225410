// Where numbers go wrong: found in the same epoch, named, and the state before it handed back bit for bit.
import { beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import type { ReconstructOptionsInput } from "../../src/options.ts";
import type { Schedule } from "../../src/schedule/schedule.ts";
import { testDevice } from "../support/gpu.ts";
import { prepareFromGuess } from "./against-reference.ts";
import { bitsOf } from "./run-engine.ts";
import { makeTinyScan } from "./tiny-scan.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

const { dataset } = makeTinyScan();
const plain = { initialObject: "file", epochs: 5, canvas: { extraPx: 6 } } as const;

/** Pattern 7 comes in the third minibatch of epochs 0 and 1, and in the second one from epoch 2 on. */
const schedule: Schedule = {
  version: 1,
  n: 12,
  mode: "random",
  repeat: "last",
  epochs: [
    [
      [0, 1, 2, 3],
      [4, 5, 6],
      [7, 8, 9, 10, 11],
    ],
    [
      [0, 1, 2, 3],
      [4, 5, 6],
      [7, 8, 9, 10, 11],
    ],
    [
      [4, 1, 2, 3, 0],
      [7, 6],
      [5, 8, 9, 10, 11],
    ],
  ],
};

const run = (data: Dataset, options: ReconstructOptionsInput, followed = schedule) =>
  reconstruct(device, data, { ...plain, ...options }, { schedule: followed });

/** Pattern `pattern` holds `value` in one pixel whenever it is read; the totals still look harmless. */
function withBadPixel(pattern: number, value: number): Dataset {
  const { patterns } = dataset;
  const read = async (indices: ArrayLike<number>, target: Uint8Array) => {
    await patterns.read(indices, target);
    const view = new DataView(target.buffer, target.byteOffset);
    for (let k = 0; k < indices.length; k++)
      if (indices[k] === pattern) view.setFloat32(k * patterns.patternBytes + 4 * 37, value, true);
  };
  return { ...dataset, patterns: { ...patterns, read } };
}

describe("the state before the bad epoch is returned", () => {
  test("NaN in the probe: the start", async () => {
    const data = dataset.probe.data.slice();
    data[2 * 40] = Number.NaN;
    const result = await run({ ...dataset, probe: { shape: dataset.probe.shape, data } }, {});
    expect(result.status).toBe("diverged");
    expect(result.diagnosis).toEqual({
      epoch: 0,
      minibatch: 0,
      quantity: "loss",
      likelyCause: "the initial probe holds NaN or infinite values",
    });
    expect(result.epochsCompleted).toBe(0);
    expect(result.loss.length).toBe(0);
    expect(Array.from(result.probe.data)).toEqual(Array.from(data));
    expect(Array.from(result.object.data)).toEqual(Array.from(prepareFromGuess(dataset, plain).object.data));
  });

  for (const value of [Number.NaN, 1e38, Number.POSITIVE_INFINITY]) {
    test(`a pixel of ${value} in pattern 7: its first minibatch is named`, async () => {
      const result = await run(withBadPixel(7, value), {});
      expect(result.status).toBe("diverged");
      expect(result.diagnosis).toMatchObject({ epoch: 0, minibatch: 2, quantity: "loss" });
      expect(result.epochsCompleted).toBe(0);
    });
  }

  test("a bad pattern that comes in later", async () => {
    const later: Schedule = {
      ...schedule,
      epochs: [
        [
          [0, 1, 2],
          [3, 4],
        ],
        [
          [2, 1, 0],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
          [9, 10],
        ],
      ],
    };
    const broken = await run(withBadPixel(7, Number.NaN), {}, later);
    expect(broken.status).toBe("diverged");
    expect(broken.diagnosis).toMatchObject({ epoch: 2, minibatch: 1, quantity: "loss" });
    expect(broken.epochsCompleted).toBe(2);
    const sound = await run(dataset, { epochs: 2 }, later);
    expect(bitsOf(broken)).toEqual(bitsOf(sound));
    expect(broken.schedule).toEqual(sound.schedule);
  });

  test("a bad pattern that comes in later, streamed", async () => {
    const later: Schedule = {
      ...schedule,
      epochs: [
        [
          [0, 1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [9, 10],
          [7, 8],
        ],
      ],
    };
    const broken = await run(withBadPixel(7, Number.NaN), { deviceMemoryBytes: 1 }, later);
    expect(broken.memory.patterns).toBe("streamed");
    expect(broken.diagnosis).toMatchObject({ epoch: 1, minibatch: 2, quantity: "loss" });
    expect(bitsOf(broken)).toEqual(bitsOf(await run(dataset, { epochs: 1, deviceMemoryBytes: 1 }, later)));
  });
});

describe("steps that are far too large", () => {
  const oneBatch: Schedule = { ...schedule, epochs: [[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]]] };
  const epochZero = async (options: ReconstructOptionsInput, followed: Schedule) =>
    run(dataset, { ...options, epochs: 1 }, followed);

  test("object, several minibatches: the second one sees it", async () => {
    const options = { object: { stepSize: 1e30 } };
    const result = await run(dataset, options);
    expect(result.status).toBe("diverged");
    expect(result.diagnosis).toMatchObject({ epoch: 1, minibatch: 1, quantity: "loss" });
    expect(result.diagnosis!.likelyCause).toMatch(/learning rate/);
    expect(bitsOf(result)).toEqual(bitsOf(await epochZero(options, schedule)));
  });

  test("object to infinity at once: the object of the first minibatch is named", async () => {
    const options = { object: { stepSize: 3e38, optimalStepSizeScaler: 1e4 } };
    const result = await run(dataset, options);
    expect(result.diagnosis).toMatchObject({ epoch: 1, minibatch: 0, quantity: "object" });
    expect(bitsOf(result)).toEqual(bitsOf(await epochZero(options, schedule)));
  });

  test("probe to infinity at once: the probe of the first minibatch is named", async () => {
    const options = { probe: { stepSize: 3e38, optimalStepSizeScaler: 1e4 } };
    const result = await run(dataset, options);
    expect(result.diagnosis).toMatchObject({ epoch: 1, minibatch: 0, quantity: "probe" });
    expect(bitsOf(result)).toEqual(bitsOf(await epochZero(options, schedule)));
  });

  test("object, one minibatch an epoch: the epoch after sees it, the state is finite", async () => {
    const options = { object: { stepSize: 1e30 } };
    const result = await run(dataset, options, oneBatch);
    expect(result.status).toBe("diverged");
    expect(result.diagnosis).toMatchObject({ epoch: 2, minibatch: 0, quantity: "loss" });
    expect(result.object.data.every(Number.isFinite)).toBe(true);
    expect(result.probe.data.every(Number.isFinite)).toBe(true);
  });

  for (const [name, extra] of [
    ["ambiguity removal", { object: { stepSize: 1e30, removeObjectProbeAmbiguity: { plan: { stride: 1 } } } }],
    ["probe power", { object: { stepSize: 1e30 }, probe: { stepSize: 1e30, power: { enabled: true } } }],
  ] as [string, ReconstructOptionsInput][]) {
    test(`numbers that overflow in the ${name} at the end of an epoch never come back`, async () => {
      const result = await run(dataset, { ...extra, epochs: 6 }, oneBatch);
      expect(result.status).toBe("diverged");
      expect(result.object.data.every(Number.isFinite)).toBe(true);
      expect(result.probe.data.every(Number.isFinite)).toBe(true);
      const sound = await run(dataset, { ...extra, epochs: result.epochsCompleted }, oneBatch);
      expect(sound.status).toBe("complete");
      expect(bitsOf(result)).toEqual(bitsOf(sound));
    });
  }

  test("modes that overflow in the orthogonalisation never come back", async () => {
    const { dataset: mixed } = makeTinyScan({ modes: 2 });
    const options = { probe: { stepSize: 1e25 } };
    const result = await run(mixed, { ...options, epochs: 6 }, oneBatch);
    expect(result.status).toBe("diverged");
    expect(result.object.data.every(Number.isFinite)).toBe(true);
    expect(result.probe.data.every(Number.isFinite)).toBe(true);
    const sound = await run(mixed, { ...options, epochs: result.epochsCompleted }, oneBatch);
    expect(bitsOf(result)).toEqual(bitsOf(sound));
  });

  test("a run whose last epoch ends in an overflow is not complete", async () => {
    for (const epochs of [1, 2, 3]) {
      const result = await run(
        dataset,
        { epochs, object: { stepSize: 1e30, removeObjectProbeAmbiguity: { plan: { stride: 1 } } } },
        oneBatch,
      );
      expect(result.object.data.every(Number.isFinite)).toBe(true);
      expect(result.probe.data.every(Number.isFinite)).toBe(true);
      expect(result.loss.length).toBe(result.epochsCompleted);
      expect(result.status === "complete").toBe(result.epochsCompleted === epochs);
    }
  });
});

test("counts beyond float32 are refused before anything runs", async () => {
  const totalIntensity = dataset.totalIntensity.slice();
  totalIntensity[4] = 1e76;
  await expect(run({ ...dataset, totalIntensity }, {})).rejects.toMatchObject({ code: "DATA_RANGE", exitCode: 65 });
});
