// Buffers and their owner, read-back, dispatches beyond one dimension.
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { BufferPool } from "../../src/gpu/buffers.ts";
import { watchDevice } from "../../src/gpu/device.ts";
import { compileKernel } from "../../src/gpu/kernel.ts";
import { readBuffer } from "../../src/gpu/readback.ts";
import { recordTogether } from "../../src/gpu/timing.ts";
import { scaleWave } from "../../src/kernels/constraints.ts";
import { testDevice } from "../support/gpu.ts";

let device: GPUDevice;
let pool: BufferPool;
beforeAll(async () => {
  device = await testDevice();
  pool = new BufferPool(device);
});
afterEach(() => pool.destroy());

const read = async (buffer: GPUBuffer, sizeBytes?: number) =>
  readBuffer(device, watchDevice(device), buffer, sizeBytes);

describe("buffers", () => {
  test("hold what they were made from, the rest is zero", async () => {
    const view = Float32Array.of(9, 1, 2, 3, 9).subarray(1, 4);
    const buffer = pool.storageFrom("numbers", view);
    expect(Array.from(new Float32Array(await read(buffer)))).toEqual([1, 2, 3, 0]);
    expect(new Float32Array(await read(pool.storage("zeros", 40))).every((value) => value === 0)).toBe(true);
  });

  test("are counted in whole words of at least 16 bytes, until they are released", () => {
    pool.storage("a", 1);
    pool.uniform("b", 18);
    pool.readBack("c", 32);
    expect(pool.sizeBytes).toBe(16 + 20 + 32);
    pool.destroy();
    expect(pool.sizeBytes).toBe(0);
  });

  test("beyond the device's limit are refused with both numbers", () => {
    const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
    expect(() => pool.storage("canvas", limit + 4)).toThrow(
      expect.objectContaining({
        code: "GPU_LIMIT",
        exitCode: 69,
        details: expect.objectContaining({ expected: `at most ${limit} bytes`, got: `${limit + 4} bytes` }),
      }),
    );
  });

  test("can be read in part, and of any length", async () => {
    const buffer = pool.storageFrom("bytes", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(Array.from(new Uint8Array(await read(buffer, 5)))).toEqual([1, 2, 3, 4, 5]);
  });
});

test("more invocations than one dimension of a dispatch holds", async () => {
  const samples = 64 * 32768 + 1000;
  const wave = pool.storageFrom("wave", new Float32Array(2 * samples).fill(1.5));
  const factors = pool.storageFrom("factors", Float32Array.of(0, 2, 0, 0));
  const kernel = await compileKernel(device, scaleWave);
  const bound = kernel.bind({ params: { sampleCount: samples, factor: 1 }, buffers: { factors, wave } });
  const encoder = device.createCommandEncoder();
  const recorder = recordTogether(encoder);
  bound.encode(recorder.stage("scale"), samples);
  recorder.end();
  device.queue.submit([encoder.finish()]);
  const values = new Float32Array(await read(wave));
  expect(values.every((value) => value === 3)).toBe(true);
  bound.destroy();
});
