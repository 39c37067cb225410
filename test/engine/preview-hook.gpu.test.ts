// Hooks for pages: they are called when they should be, can pause a run, and change no bit of it.
import { beforeAll, describe, expect, test } from "vitest";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import type { PreviewSources, ReconstructHooks, ReconstructResult, RunProgress } from "../../src/engine/result.ts";
import { watchDevice } from "../../src/gpu/device.ts";
import { readBuffer } from "../../src/gpu/readback.ts";
import type { ReconstructOptionsInput } from "../../src/options.ts";
import { testDevice } from "../support/gpu.ts";
import { makeTinyScan } from "./tiny-scan.ts";

const { dataset } = makeTinyScan({ modes: 2 });
const options = { epochs: 5, batchSize: 5, canvas: { extraPx: 6 } };
let device: GPUDevice;
let plain: ReconstructResult;
const run = (hooks: ReconstructHooks, more: ReconstructOptionsInput = {}) =>
  reconstruct(device, dataset, { ...options, ...more }, hooks);
const bitsOf = ({ object, probe, loss }: ReconstructResult) =>
  [object.data, probe.data, loss].map((array) => Array.from(new Uint32Array(array.slice().buffer)));

beforeAll(async () => {
  device = await testDevice();
  plain = await run({});
});

describe("preview", () => {
  test("shows object and probe of the epoch, every second one and the last, without changing the result", async () => {
    const seen: number[] = [];
    let last: { object: Float32Array; probe: Float32Array } | null = null;
    const read = async (buffer: GPUBuffer) => new Float32Array(await readBuffer(device, watchDevice(device), buffer));
    const paint = async (sources: PreviewSources) => {
      seen.push(sources.epoch);
      expect(sources.objectShape).toEqual(plain.object.shape.slice(1));
      expect(sources.probeShape).toEqual(plain.probe.shape.slice(1));
      last = { object: await read(sources.object), probe: await read(sources.probe) };
    };
    const result = await run({ preview: { everyEpochs: 2, paint } });
    expect(seen).toEqual([1, 3, 4]);
    expect(Array.from(last!.object)).toEqual(Array.from(plain.object.data));
    expect(Array.from(last!.probe)).toEqual(Array.from(plain.probe.data));
    expect(bitsOf(result)).toEqual(bitsOf(plain));
  });
  test("is told by how much the probe of a scaled run is larger", async () => {
    let shown: PreviewSources | null = null;
    let probe = new Float32Array();
    const paint = async (sources: PreviewSources) => {
      shown = sources;
      probe = new Float32Array(await readBuffer(device, watchDevice(device), sources.probe));
    };
    const result = await run({ preview: { paint } }, { intensityScale: 4 });
    expect(shown!.probeScale).toBe(2);
    expect(probe[100]! / result.probe.data[100]!).toBeCloseTo(2, 5);
  });
  test("a painter that throws ends the run with its error and leaves the device usable", async () => {
    const failing = run({ preview: { paint: () => Promise.reject(new RangeError("no canvas")) } });
    await expect(failing).rejects.toThrow("no canvas");
    expect((await run({})).status).toBe("complete");
  });
});

test("progress comes after each epoch, with its share and the time left", async () => {
  const seen: RunProgress[] = [];
  const epochs: number[] = [];
  await run({ onEpoch: ({ epoch }) => epochs.push(epoch), onProgress: (progress) => seen.push(progress) });
  expect(seen.map(({ epoch }) => epoch)).toEqual(epochs);
  expect(seen.map(({ share }) => share)).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
  expect(seen.map(({ loss }) => loss)).toEqual(Array.from(plain.loss));
  const mean = (seen[0]!.seconds + seen[1]!.seconds) / 2;
  expect(seen[1]!.etaSeconds).toBeCloseTo(3 * mean, 9);
  expect(seen[4]!.etaSeconds).toBe(0);
});

describe("H6 pause", () => {
  test("a run that waits before every epoch gives the same bits", async () => {
    const epochs: number[] = [];
    const result = await run({
      beforeEpoch: async (epoch) => {
        epochs.push(epoch);
        await new Promise((resolve) => setTimeout(resolve, 5));
      },
    });
    expect(epochs).toEqual([0, 1, 2, 3, 4]);
    expect(bitsOf(result)).toEqual(bitsOf(plain));
  });
  test("a run that is stopped while it waits ends with the finished epochs", async () => {
    const controller = new AbortController();
    const result = await run({
      signal: controller.signal,
      beforeEpoch: (epoch) => {
        if (epoch === 2) controller.abort();
      },
    });
    expect(result.status).toBe("cancelled");
    expect(result.epochsCompleted).toBe(2);
    expect(Array.from(result.loss)).toEqual(Array.from(plain.loss.slice(0, 2)));
  });
});
