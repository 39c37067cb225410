// One measured pattern beside what object and probe predict. Of the object only the patch comes back from the device.

import type { PatternSource } from "../data/dataset.ts";
import type { Placement } from "../engine/geometry.ts";
import { watchDevice, withErrorScopes } from "../gpu/device.ts";
import { mapBuffer, readBuffer } from "../gpu/readback.ts";
import { createForwardModel } from "../simulate/forward-model.ts";

const COMPLEX_BYTES = 8;
const READ_BACK = 0x1 | 0x8; // GPUBufferUsage.MAP_READ | COPY_DST

/** Object and probe on the device, as they stay while this is computed. */
export interface ArraysOnDevice {
  readonly object: GPUBuffer;
  readonly objectShape: readonly [number, number];
  readonly probe: GPUBuffer;
  readonly probeShape: readonly [number, number, number];
  readonly probeScale: number;
}

/** Intensities [y, x] in the file's units, zero frequency at (h//2, w//2). */
export interface ComparedPattern {
  readonly measured: Float32Array<ArrayBuffer>;
  readonly modelled: Float32Array<ArrayBuffer>;
}

/**
 * Reads pattern number `index` and models it in float64, the first mode shifted to the position's sub-pixel part as the
 * engine does. Throws GpuError, or InputError when the file cannot be read any more.
 */
export async function comparePattern(
  device: GPUDevice,
  arrays: ArraysOnDevice,
  patterns: PatternSource,
  placement: Placement,
  index: number,
  signal?: AbortSignal,
): Promise<ComparedPattern> {
  const [modes, height, width] = arrays.probeShape;
  const at = 2 * index;
  const start = [placement.startIndicesPx[at]!, placement.startIndicesPx[at + 1]!] as const;
  const [patch, probeBytes] = await Promise.all([
    readPatch(device, arrays, start, [height, width]),
    readBuffer(device, watchDevice(device), arrays.probe),
  ]);
  const probe = new Float32Array(probeBytes);
  const object = { shape: [height, width], data: patch };
  const plane = 2 * height * width;
  const modelled = new Float32Array(height * width);
  const mode = new Float32Array(height * width);
  // the engine's transform has no factor (conventions.md section 4), the simulator's is unitary
  const unit = (height * width) / arrays.probeScale ** 2;
  for (let m = 0; m < modes; m++) {
    await new Promise((resolve) => setTimeout(resolve, 0)); // a stop must not wait for all modes of a large frame
    signal?.throwIfAborted();
    const wave = { shape: [1, height, width], data: probe.subarray(m * plane, (m + 1) * plane) };
    const [dy, dx] = m > 0 ? [0, 0] : [fraction(placement, at), fraction(placement, at + 1)];
    createForwardModel(object, wave).writeIntensity((height >> 1) + dy, (width >> 1) + dx, mode, 0);
    for (let pixel = 0; pixel < mode.length; pixel++) modelled[pixel]! += unit * mode[pixel]!;
  }
  return { measured: await readMeasured(patterns, index), modelled };
}

/** Exactly half a pixel would round to the next one. */
function fraction({ fractionsPx }: Placement, at: number): number {
  return Math.max(-0.4999, Math.min(0.4999, fractionsPx[at]!));
}

/** Rows of the patch, its pixels beyond the canvas taken from the border. */
async function readPatch(
  device: GPUDevice,
  { object, objectShape: [rows, columns] }: ArraysOnDevice,
  [top, left]: readonly [number, number],
  [height, width]: readonly [number, number],
): Promise<Float32Array> {
  const clamp = (value: number, length: number) => Math.min(length - 1, Math.max(0, value));
  const first = clamp(left, columns);
  const count = clamp(left + width - 1, columns) - first + 1;
  const size = height * count * COMPLEX_BYTES;
  const staging = await withErrorScopes(device, "preview patch", () =>
    device.createBuffer({ label: "preview patch", size, usage: READ_BACK }),
  );
  try {
    const encoder = device.createCommandEncoder({ label: "preview patch" });
    for (let y = 0; y < height; y++) {
      const from = (clamp(top + y, rows) * columns + first) * COMPLEX_BYTES;
      encoder.copyBufferToBuffer(object, from, staging, y * count * COMPLEX_BYTES, count * COMPLEX_BYTES);
    }
    device.queue.submit([encoder.finish()]);
    const read = new Float32Array(await mapBuffer(watchDevice(device), staging));
    if (count === width) return read;
    const patch = new Float32Array(2 * height * width);
    for (let pixel = 0; pixel < height * width; pixel++) {
      const x = clamp(left + (pixel % width), columns) - first;
      const source = 2 * (Math.floor(pixel / width) * count + x);
      patch.set(read.subarray(source, source + 2), 2 * pixel);
    }
    return patch;
  } finally {
    staging.destroy();
  }
}

async function readMeasured(patterns: PatternSource, index: number): Promise<Float32Array<ArrayBuffer>> {
  const { heightPx, widthPx, layout, quantity, sampleType } = patterns;
  const bytes = new Uint8Array(patterns.patternBytes);
  await patterns.read([index], bytes);
  const stored = sampleType === "uint16" ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer);
  const measured = new Float32Array(heightPx * widthPx);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const value = stored[layout.offset + y * layout.rowStride + x * layout.columnStride]!;
      measured[y * widthPx + x] = quantity === "amplitude" ? value * value : value;
    }
  }
  return measured;
}
