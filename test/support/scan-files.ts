// Small scans under the data contract, and files made from them with single members exchanged.

import { constants, deflateRawSync } from "node:zlib";
import { type ReadDatasetExtras, readDataset } from "../../src/data/contract.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { type DataOptions, parseOptions, type ReconstructOptionsInput } from "../../src/options.ts";
import { expectRefusal } from "./expect-refusal.ts";
import { type BuiltArchive, type BuiltMember, buildZip, join, npyNumbers } from "./npz-builder.ts";

/** Numbers of a scan of `count` patterns on a raster of 3 px steps. */
export interface ScanNumbers {
  readonly count: number;
  readonly heightPx: number;
  readonly widthPx: number;
  /** [position, y, x] amplitudes: all different, below 10, not whole. */
  readonly patterns: Float32Array;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** A scan of 12 patterns of 16 x 16 unless told otherwise. */
export function scanNumbers(count = 12, heightPx = 16, widthPx = heightPx): ScanNumbers {
  const patterns = Float32Array.from({ length: count * heightPx * widthPx }, (_, index) => {
    const frame = Math.floor(index / (heightPx * widthPx));
    const pixel = index % (heightPx * widthPx);
    const dy = Math.floor(pixel / widthPx) - heightPx / 2;
    const dx = (pixel % widthPx) - widthPx / 2;
    return 0.01 + 0.3 * Math.exp(-(dy * dy + dx * dx) / 20) + 0.0001 * ((frame * 37 + pixel * 11) % 101);
  });
  const columns = Math.ceil(Math.sqrt(count));
  const x = Array.from({ length: count }, (_, index) => 14.25 + 3 * (index % columns));
  const y = Array.from({ length: count }, (_, index) => 12.5 + 3 * Math.floor(index / columns));
  return { count, heightPx, widthPx, patterns, x, y };
}

/** Members of a file, by their names without `.npy`. */
export type Members = Record<string, Uint8Array>;

/** All members of a scan under the contract. */
export function scanMembers(numbers: ScanNumbers = scanNumbers()): Members {
  const { count, heightPx, widthPx, patterns, x, y } = numbers;
  return {
    diffraction: npyNumbers("<f4", [count, heightPx, widthPx], patterns),
    objectGuess: npyNumbers("<c8", [64, 60], ones(64 * 60)),
    probeGuess: npyNumbers("<c8", [heightPx, widthPx], probeNumbers(heightPx, widthPx)),
    xcoords: npyNumbers("<f8", [count], x),
    ycoords: npyNumbers("<f8", [count], y),
  };
}

/** A round probe with some phase. */
export function probeNumbers(heightPx: number, widthPx: number): number[] {
  return Array.from({ length: heightPx * widthPx }, (_, pixel) => {
    const dy = Math.floor(pixel / widthPx) - heightPx / 2;
    const dx = (pixel % widthPx) - widthPx / 2;
    const modulus = Math.exp(-(dy * dy + dx * dx) / 18);
    return [modulus * Math.cos(0.1 * dx), modulus * Math.sin(0.1 * dx)];
  }).flat();
}

/** Interleaved ones. */
export function ones(count: number): number[] {
  return Array.from({ length: 2 * count }, (_, index) => (index + 1) % 2);
}

/** The archive of members; `without` leaves some out, `method` 8 deflates them. */
export function scanFile(
  members: Members = scanMembers(),
  options: {
    method?: number;
    without?: readonly string[];
    archive?: BuiltArchive;
    extra?: readonly BuiltMember[];
  } = {},
): Uint8Array {
  const kept = Object.entries(members).filter(([name]) => !options.without?.includes(name));
  const built = kept.map(([name, content]) => ({ name: `${name}.npy`, content, method: options.method ?? 0 }));
  return buildZip([...built, ...(options.extra ?? [])], options.archive);
}

/** The parts of a scan's archive, with single ones changed by their names without `.npy`. */
export function builtMembers(changes: Record<string, Partial<BuiltMember>> = {}): BuiltMember[] {
  return Object.entries(scanMembers()).map(([name, content]) => ({ name: `${name}.npy`, content, ...changes[name] }));
}

/** A deflated member of `header` and `zeroBytes` zeros: half a megabyte declares 512 MiB. */
export function bombMember(name: string, header: Uint8Array, zeroBytes: number): BuiltMember {
  const blockBytes = 2 ** 20;
  // Whole blocks of a stream can be joined, so that one is deflated instead of all.
  const block = deflateRawSync(new Uint8Array(blockBytes), { finishFlush: constants.Z_FULL_FLUSH });
  const blocks = Array.from({ length: zeroBytes / blockBytes }, () => block);
  const start = deflateRawSync(header, { finishFlush: constants.Z_FULL_FLUSH });
  const stored = join(start, ...blocks, deflateRawSync(new Uint8Array()));
  return { name, content: header, method: 8, stored, sizeBytes: header.length + zeroBytes, crc: 0 };
}

/** Data options with defaults. */
export function dataOptions(data: ReconstructOptionsInput["data"] = {}): DataOptions {
  return parseOptions({ data }).data;
}

/** Reads a file made in memory. */
export function readScan(
  file: Uint8Array,
  data: ReconstructOptionsInput["data"] = {},
  extras: ReadDatasetExtras = {},
): Promise<Dataset> {
  return readDataset(bytesAccess(file, "scan.npz"), dataOptions(data), extras);
}

/** Expects a refusal that names the file and everything in `mentions`. */
export async function refuseScan(
  members: Members,
  code: string,
  mentions: readonly (string | RegExp)[],
  data: ReconstructOptionsInput["data"] = {},
): Promise<void> {
  await expectRefusal(readScan(scanFile(members), data), code, ["scan.npz", ...mentions]);
}

/** All remarks on a scan as `level CODE message`. */
export async function notesOf(members: Members, data: ReconstructOptionsInput["data"] = {}): Promise<string[]> {
  const dataset = await readScan(scanFile(members), data);
  return dataset.notes.map(({ level, code, message }) => `${level} ${code} ${message}`);
}

/** All patterns as the engine sees them, [position, y, x]: packed samples gathered through the layout. */
export async function orientedPatterns(dataset: Dataset): Promise<number[]> {
  const { count, heightPx, widthPx, layout, patternBytes, sampleType } = dataset.patterns;
  const bytes = new Uint8Array(count * patternBytes);
  await dataset.patterns.read(
    Array.from({ length: count }, (_, index) => index),
    bytes,
  );
  const samples = sampleType === "uint16" ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer);
  const stride = samples.length / count;
  const values: number[] = [];
  for (let frame = 0; frame < count; frame++) {
    for (let y = 0; y < heightPx; y++) {
      for (let x = 0; x < widthPx; x++) {
        values.push(samples[frame * stride + layout.offset + y * layout.rowStride + x * layout.columnStride]!);
      }
    }
  }
  return values;
}

/** The scan that rows about single members change: its numbers, members, and shape of the pattern stack. */
export const plainScan = (() => {
  const numbers = scanNumbers();
  const { count, heightPx, widthPx } = numbers;
  const pixels = heightPx * widthPx;
  return { ...numbers, shape: [count, heightPx, widthPx] as number[], pixels, members: scanMembers(numbers) };
})();

/** Reads a file of these members. */
export const readMembers = (members: Members, data: ReconstructOptionsInput["data"] = {}): Promise<Dataset> =>
  readScan(scanFile(members), data);

/** The warnings among its notes. */
export const warningsOf = async (members: Members, data: ReconstructOptionsInput["data"] = {}): Promise<string[]> =>
  (await notesOf(members, data)).filter((note) => note.startsWith("warning"));
