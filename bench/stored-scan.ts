// Stored scans of any size for benchmarks and tests of memory: written in pieces, with a right checksum.

import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { createNpzWriter } from "../src/index.ts";

export interface StoredScan {
  /** Bytes of the pattern stack, rounded down to whole patterns. */
  readonly sizeBytes: number;
  /** Pixels per side of a pattern. */
  readonly size: number;
  /** float32 amplitudes or uint16 counts. */
  readonly sampleType: "float32" | "uint16";
}

/** Patterns that differ; the stack repeats them. */
const DIFFERENT = 16;
const WIDEST_SCAN_PX = 400;

/** Patterns in a scan of this size. */
export function countPatterns({ sizeBytes, size, sampleType }: StoredScan): number {
  return Math.floor(sizeBytes / (size * size * (sampleType === "uint16" ? 2 : 4)));
}

/** Writes a scan under the data contract whose field stays below 400 px, so that only the stack grows with its size. */
export async function writeStoredScan(path: string, scan: StoredScan): Promise<void> {
  const { size, sampleType } = scan;
  const count = countPatterns(scan);
  const pixels = size * size;
  const across = Math.ceil(Math.sqrt(count));
  const step = Math.min(size / 8, WIDEST_SCAN_PX / across);
  const patterns = makePatterns(size, sampleType);
  const stack = function* () {
    for (let j = 0; j < count; j++) yield patterns.subarray((j % DIFFERENT) * pixels, ((j % DIFFERENT) + 1) * pixels);
  };
  const coordinate = (place: (j: number) => number) => ({
    dtype: "float64" as const,
    shape: [count],
    data: Float64Array.from({ length: count }, (_, j) => step * place(j) + ((31 * j) % 7) / 7),
  });
  const wave = (shape: number[], data: Float32Array) => ({ dtype: "complex64" as const, shape, data });
  const file = await open(path, "w");
  try {
    const writer = createNpzWriter((bytes) => writeAll(file, bytes), crc32);
    await writer.addPieces("diffraction", sampleType, [count, size, size], stack());
    await writer.addArray("probeGuess", wave([size, size], makeProbe(size)));
    await writer.addArray("objectGuess", wave([2, 2], Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0)));
    await writer.addArray(
      "xcoords",
      coordinate((j) => j % across),
    );
    await writer.addArray(
      "ycoords",
      coordinate((j) => Math.floor(j / across)),
    );
    await writer.finish();
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
}

/** Spots on a low background, all different. */
function makePatterns(size: number, sampleType: StoredScan["sampleType"]): Float32Array | Uint16Array {
  const pixels = size * size;
  const counts = Float32Array.from({ length: DIFFERENT * pixels }, (_, index) => {
    const pixel = index % pixels;
    const [y, x] = [Math.floor(pixel / size) - size / 2, (pixel % size) - size / 2];
    return Math.round(1000 * Math.exp((-20 * (y * y + x * x)) / pixels) + ((index * 7919) % 5));
  });
  return sampleType === "uint16" ? Uint16Array.from(counts) : counts.map(Math.sqrt);
}

function makeProbe(size: number): Float32Array {
  const wave = new Float32Array(2 * size * size);
  for (let pixel = 0; pixel < size * size; pixel++) {
    const [y, x] = [Math.floor(pixel / size) / size - 0.5, (pixel % size) / size - 0.5];
    const modulus = Math.exp(-30 * (y * y + x * x));
    wave.set([modulus * Math.cos(9 * x * x), modulus * Math.sin(9 * y * y)], 2 * pixel);
  }
  return wave;
}
