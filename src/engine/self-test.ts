// A second's check that an adapter computes what it should: an FFT with a known spectrum and three epochs with known
// losses. Used by `ptycho doctor`; small enough for any start.

import { BufferPool } from "../gpu/buffers.ts";
import { watchDevice } from "../gpu/device.ts";
import { BATCH_STRIDE_BYTES } from "../gpu/kernel.ts";
import { readBuffer } from "../gpu/readback.ts";
import { Fft2d } from "../kernels/fft2d.ts";
import { parseOptions } from "../options.ts";
import { LsqmlEngine } from "./lsqml-engine.ts";
import type { LsqmlProblem } from "./problem.ts";
import { defaultProfile } from "./state.ts";

/** One check of an adapter. */
export interface SelfTestResult {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Losses of the self-test's problem; a test holds them against the float64 reference. */
export const SELF_TEST_LOSSES = [53.088695, 0.8029566, 0.09712111] as const;
const LOSS_TOLERANCE = 1e-4;

/** Runs both checks on a device, which stays the caller's. Throws GpuError when the device fails altogether. */
export async function runSelfTest(device: GPUDevice): Promise<readonly SelfTestResult[]> {
  return [await checkTransform(device), await checkReconstruction(device)];
}

/** Five plane waves of different strength: their spectrum is known exactly, everything else must vanish. */
async function checkTransform(device: GPUDevice): Promise<SelfTestResult> {
  const [height, width] = [64, 48]; // one side that lanes of any number can share
  const waves = [
    [0, 0, 1],
    [3, 5, 0.5],
    [31, 1, 0.25],
    [16, 24, 2],
    [7, 47, 0.125],
  ] as const;
  const input = new Float32Array(2 * height * width);
  const expected = new Float64Array(2 * height * width);
  for (const [fy, fx, strength] of waves) {
    expected[2 * (fy * width + fx)] = strength * height * width;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const angle = 2 * Math.PI * ((fy * y) / height + (fx * x) / width);
        input[2 * (y * width + x)]! += strength * Math.cos(angle);
        input[2 * (y * width + x) + 1]! += strength * Math.sin(angle);
      }
    }
  }
  const pool = new BufferPool(device);
  const batch = pool.uniform("batch table", BATCH_STRIDE_BYTES);
  device.queue.writeBuffer(batch, 0, Uint32Array.of(0, 1, 0, 1, 0, 0, 0, 1, 0));
  const fft = new Fft2d(device, batch, height, width, defaultProfile(device));
  try {
    const source = pool.storageFrom("source", input);
    const result = pool.storage("result", input.byteLength);
    const scratch = pool.storage("scratch", input.byteLength);
    const bound = await fft.bind({
      source,
      result,
      scratch,
      direction: "forward",
      scale: 1,
      planesPerPattern: 1,
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    bound.encode(pass, 1, 0);
    pass.end();
    device.queue.submit([encoder.finish()]);
    const actual = new Float32Array(await readBuffer(device, watchDevice(device), result));
    const error = relativeError(actual, expected);
    // the input itself is rounded to float32: one unit more than the transform's own limit
    const limit = 3 * 0.65 * 2 ** -24 * Math.sqrt(Math.log2(height * width));
    const detail = `relative error ${error.toExponential(1)}, limit ${limit.toExponential(1)}`;
    return { name: "FFT against exact spectrum", ok: error < limit, detail };
  } finally {
    fft.destroy();
    pool.destroy();
  }
}

async function checkReconstruction(device: GPUDevice): Promise<SelfTestResult> {
  const engine = await LsqmlEngine.create(device, makeSelfTestProblem(), SELF_TEST_LOSSES.length);
  try {
    let worst = 0;
    for (const [epoch, expected] of SELF_TEST_LOSSES.entries()) {
      const { loss } = await engine.runEpoch(epoch);
      const error = Math.abs(loss - expected) / expected;
      worst = error > worst || Number.isNaN(error) ? error : worst;
    }
    const detail = `loss of 3 epochs within ${worst.toExponential(1)}, limit ${LOSS_TOLERANCE.toExponential(1)}`;
    return { name: "LSQML against stored losses", ok: worst < LOSS_TOLERANCE, detail };
  } finally {
    engine.destroy();
  }
}

/** 12 patterns of 16 x 16 pixels: repeatable numbers, no physics. */
export function makeSelfTestProblem(): LsqmlProblem {
  let state = 20261124;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const [count, side, canvas] = [12, 16, 40];
  const pixels = side * side;
  const amplitude = Float32Array.from({ length: count * pixels }, () => 1 + draw());
  const bytes = new Uint8Array(amplitude.buffer);
  const positionsPx = Float64Array.from(
    { length: 2 * count },
    (_, index) => 5 * (index % 2 === 0 ? Math.floor(index / 8) - 1 : ((index >> 1) % 4) - 1.5) + draw(),
  );
  const order = Uint32Array.from({ length: count }, (_, index) => (5 * index) % count);
  return {
    patterns: {
      count,
      heightPx: side,
      widthPx: side,
      sampleType: "float32",
      quantity: "amplitude",
      layout: { offset: 0, rowStride: side, columnStride: 1 },
      patternBytes: 4 * pixels,
      read: async (indices, target) => {
        for (let k = 0; k < indices.length; k++) {
          target.set(bytes.subarray(indices[k]! * 4 * pixels, (indices[k]! + 1) * 4 * pixels), k * 4 * pixels);
        }
      },
      close: async () => {},
    },
    totalIntensity: Float64Array.from({ length: count }, (_, pattern) =>
      amplitude.subarray(pattern * pixels, (pattern + 1) * pixels).reduce((sum, value) => sum + value * value, 0),
    ),
    mask: null,
    object: {
      shape: [1, canvas, canvas],
      data: Float32Array.from(
        { length: 2 * canvas * canvas },
        (_, index) => (index % 2 === 0 ? 1 : 0) + 0.2 * (draw() - 0.5),
      ),
    },
    probe: { shape: [1, 1, side, side], data: Float32Array.from({ length: 2 * pixels }, () => draw() - 0.3) },
    positionsPx,
    originPx: [canvas / 2 - 0.5, canvas / 2 - 0.5],
    plan: {
      mode: "random",
      maxBatchSize: 6,
      sameSizes: true,
      minibatches: () => [order.slice(0, 6), order.slice(6)],
    },
    options: parseOptions({ epochs: SELF_TEST_LOSSES.length, batchSize: 6 }),
  };
}

function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let total = 0;
  for (let index = 0; index < expected.length; index++) {
    difference += (actual[index]! - expected[index]!) ** 2;
    total += expected[index]! ** 2;
  }
  return Math.sqrt(difference / total);
}
