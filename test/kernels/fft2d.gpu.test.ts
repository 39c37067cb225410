// The 2-D FFT against float64, for every kind of size; the accuracy limit is asserted as it stands.
import { beforeAll, expect, test } from "vitest";
import { defaultProfile } from "../../src/engine/state.ts";
import { BufferPool } from "../../src/gpu/buffers.ts";
import { watchDevice } from "../../src/gpu/device.ts";
import { readBuffer } from "../../src/gpu/readback.ts";
import { Fft2d } from "../../src/kernels/fft2d.ts";
import { transformLine, transformPlane } from "../reference/fft.ts";
import { noise, relativeError } from "../support/closeness.ts";
import { testDevice } from "../support/gpu.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

/** Runs `planes` transforms of [height, width] on the device. */
async function transformOnDevice(
  input: Float32Array,
  planes: number,
  height: number,
  width: number,
  direction: "forward" | "inverse",
  scale: number,
): Promise<Float32Array> {
  const pool = new BufferPool(device);
  const entry = new Uint32Array(64);
  entry.set([0, planes, 0, planes]);
  const batch = pool.uniform("batch", 256);
  device.queue.writeBuffer(batch, 0, entry);
  const source = pool.storageFrom("source", input);
  const result = pool.storage("result", input.byteLength);
  const scratch = pool.storage("scratch", input.byteLength);
  const fft = new Fft2d(device, batch, height, width, defaultProfile(device));
  const bound = await fft.bind({
    source,
    result,
    scratch,
    direction,
    scale,
    planesPerPattern: 1,
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  bound.encode(pass, planes, 0);
  pass.end();
  device.queue.submit([encoder.finish()]);
  const output = new Float32Array(await readBuffer(device, watchDevice(device), result));
  pool.destroy();
  fft.destroy();
  return output;
}

test("the float64 reference equals the definition", () => {
  for (const length of [8, 9, 15, 20]) {
    const input = Float64Array.from(noise(2 * length));
    const expected = new Float64Array(2 * length);
    for (let k = 0; k < length; k++) {
      for (let y = 0; y < length; y++) {
        const angle = (-2 * Math.PI * k * y) / length;
        expected[2 * k]! += input[2 * y]! * Math.cos(angle) - input[2 * y + 1]! * Math.sin(angle);
        expected[2 * k + 1]! += input[2 * y]! * Math.sin(angle) + input[2 * y + 1]! * Math.cos(angle);
      }
    }
    expect(relativeError(transformLine(input, 1), expected)).toBeLessThan(1e-14);
  }
});

const sizes: [number, number][] = [
  [8, 8],
  [9, 9],
  [16, 16],
  [15, 25],
  [32, 48],
  [45, 27],
  [64, 64],
  [60, 100],
  [81, 125],
  [96, 72],
  [128, 128],
  [192, 160],
  [256, 256],
  [384, 8],
  [8, 625],
  [512, 512],
  [1000, 10],
  [1024, 1024],
];

for (const [height, width] of sizes) {
  test(`${height} x ${width} forward and inverse against float64`, async () => {
    const planes = height * width > 100_000 ? 1 : 3;
    const input = noise(2 * planes * height * width, height + 7 * width);
    const limit = 2 * 0.65 * 2 ** -24 * Math.sqrt(Math.log2(height * width));
    for (const [direction, sign] of [
      ["forward", 1],
      ["inverse", -1],
    ] as const) {
      const scale = direction === "inverse" ? 1 / (height * width) : 1;
      const actual = await transformOnDevice(input, planes, height, width, direction, scale);
      const plane = 2 * height * width;
      const last = planes - 1;
      const expected = transformPlane(input.subarray(last * plane, (last + 1) * plane), height, width, sign).map(
        (value) => value * scale,
      );
      const error = relativeError(actual.subarray(last * plane, (last + 1) * plane), expected);
      expect(error, `${direction}: ${error} against ${limit}`).toBeLessThan(limit);
    }
  });
}

test("there and back again", async () => {
  const input = noise(2 * 5 * 24 * 40, 3);
  const forward = await transformOnDevice(input, 5, 24, 40, "forward", 1);
  const back = await transformOnDevice(forward, 5, 24, 40, "inverse", 1 / (24 * 40));
  expect(relativeError(back, input)).toBeLessThan(4e-7);
});

test("a size with another prime factor is refused by name", () => {
  const pool = new BufferPool(device);
  const batch = pool.uniform("batch", 256);
  expect(() => new Fft2d(device, batch, 22, 16, defaultProfile(device))).toThrow(/22/);
  pool.destroy();
});
