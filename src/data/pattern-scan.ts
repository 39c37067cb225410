// Looks at every value of a pattern stack once, in storage order, and packs the patterns where their layout is foreign.

import { float16ToFloat32 } from "npyjs";
import type { ByteStore } from "./byte-store.ts";
import type { Quantity } from "./dataset.ts";
import { narrowBigIntegers, swapBytes } from "./npy-array.ts";
import { isInteger, type NumericType, typeFacts } from "./npy-dtype.ts";
import type { FoundAt, PatternStatistics, PixelStatistics } from "./pattern-statistics.ts";

/** How a stack is stored and what becomes of it. */
export interface StoredStack {
  readonly type: NumericType;
  readonly bigEndian: boolean;
  readonly count: number;
  readonly pixelCount: number;
  /** True when a pattern's pixels lie together; false when the values of a pixel do. */
  readonly patternMajor: boolean;
  readonly sampleType: "float32" | "uint16";
  /** Bytes of a packed pattern, a multiple of 4. */
  readonly patternBytes: number;
  readonly quantity: Quantity;
  readonly source: string;
  readonly field: string;
}

type Values =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;
type Samples = Float32Array | Uint16Array;

const patternSlabBytes = 2 ** 20;
const tileBytes = 2 ** 24;
/** Patterns transposed together: as many write streams as caches like. */
const transposeBlock = 32;
/** float64 values from here on round to infinity in float32. */
const float32Overflow = 3.4028235677973366e38;

/** Integer types up to 16 bits are packed as uint16, everything else as float32. */
export function packedType(type: NumericType): "float32" | "uint16" {
  return isInteger(type) && typeFacts(type).itemBytes <= 2 ? "uint16" : "float32";
}

/** Bytes of one pattern packed as `sampleType`, padded to a multiple of 4. */
export function packedPatternBytes(pixelCount: number, sampleType: "float32" | "uint16"): number {
  return 4 * Math.ceil((pixelCount * (sampleType === "uint16" ? 2 : 4)) / 4);
}

/**
 * Reads the body of a stack and fills `statistics`. With a store, every pattern is packed into it; values that are not
 * finite or negative become 0 there. Throws NPY_INT_RANGE; all judgement is left to the caller.
 */
export async function scanPatterns(
  body: AsyncIterable<Uint8Array>,
  stack: StoredStack,
  store: ByteStore | null,
  statistics: PatternStatistics,
): Promise<void> {
  const itemBytes = typeFacts(stack.type).itemBytes;
  const scanner = new ValueScanner(stack, statistics);
  if (stack.patternMajor) {
    const frameBytes = stack.pixelCount * itemBytes;
    const perSlab = Math.max(1, Math.floor(patternSlabBytes / frameBytes));
    let frame = 0;
    for await (const slab of slabs(body, perSlab * frameBytes)) {
      const values = viewValues(slab, stack);
      const frames = values.length / stack.pixelCount;
      const packed = store ? allocateSamples(stack, frames) : null;
      scanner.scanFrames(values, frame, frames, packed);
      if (packed) await store!.write(frame * stack.patternBytes, bytesOf(packed));
      frame += frames;
    }
  } else {
    const rowBytes = stack.count * Math.max(itemBytes, 4);
    const perTile = Math.max(1, Math.floor(tileBytes / rowBytes));
    let pixel = 0;
    for await (const slab of slabs(body, perTile * stack.count * itemBytes)) {
      const values = viewValues(slab, stack);
      const pixels = values.length / stack.count;
      const tile = stack.sampleType === "uint16" ? new Uint16Array(values.length) : new Float32Array(values.length);
      scanner.scanPixels(values, pixel, pixels, tile);
      if (store) await writeTile(store, stack, tile, pixel, pixels);
      pixel += pixels;
    }
  }
  scanner.finish();
}

/** Cuts a byte stream into aligned slabs of equal size; the buffer is lent until the next one. */
async function* slabs(body: AsyncIterable<Uint8Array>, slabBytes: number): AsyncGenerator<Uint8Array, void> {
  const slab = new Uint8Array(slabBytes);
  let filled = 0;
  for await (const piece of body) {
    for (let taken = 0; taken < piece.length; ) {
      const part = piece.subarray(taken, taken + slabBytes - filled);
      slab.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled === slabBytes) {
        yield slab;
        filled = 0;
      }
    }
  }
  if (filled > 0) yield slab.subarray(0, filled);
}

/** The numbers of a slab in native byte order; swaps in place. */
function viewValues(slab: Uint8Array, stack: StoredStack): Values {
  const facts = typeFacts(stack.type);
  if (stack.bigEndian) swapBytes(slab, facts.wordBytes);
  const { buffer } = slab as Uint8Array<ArrayBuffer>;
  const length = slab.length / facts.itemBytes;
  switch (stack.type) {
    case "bool":
      return Uint8Array.from(slab, (value) => (value === 0 ? 0 : 1));
    case "uint8":
      return slab;
    case "int8":
      return new Int8Array(buffer, 0, length);
    case "uint16":
      return new Uint16Array(buffer, 0, length);
    case "int16":
      return new Int16Array(buffer, 0, length);
    case "uint32":
      return new Uint32Array(buffer, 0, length);
    case "int32":
      return new Int32Array(buffer, 0, length);
    case "uint64":
      return narrowBigIntegers(new BigUint64Array(buffer, 0, length), stack.source, stack.field);
    case "int64":
      return narrowBigIntegers(new BigInt64Array(buffer, 0, length), stack.source, stack.field);
    case "float16":
      return Float32Array.from(new Uint16Array(buffer, 0, length), float16ToFloat32);
    case "float32":
      return new Float32Array(buffer, 0, length);
    case "float64":
      return new Float64Array(buffer, 0, length);
    default:
      throw new TypeError(`patterns cannot be ${stack.type}`);
  }
}

function allocateSamples(stack: StoredStack, frames: number): Samples {
  const bytes = frames * stack.patternBytes;
  return stack.sampleType === "uint16" ? new Uint16Array(bytes / 2) : new Float32Array(bytes / 4);
}

function bytesOf(samples: Samples, from = 0, to = samples.length): Uint8Array {
  const { BYTES_PER_ELEMENT: width } = samples;
  return new Uint8Array(samples.buffer, samples.byteOffset + from * width, (to - from) * width);
}

/** Writes a tile [position, pixel] as runs of pixels into every pattern. */
async function writeTile(store: ByteStore, stack: StoredStack, tile: Samples, pixel: number, pixels: number) {
  const offset = pixel * tile.BYTES_PER_ELEMENT;
  for (let frame = 0; frame < stack.count; frame++) {
    const written = store.write(
      frame * stack.patternBytes + offset,
      bytesOf(tile, frame * pixels, (frame + 1) * pixels),
    );
    if (written) await written;
  }
}

/** The loops over all values. Each does little, so that engines compile it well; the rare ones are skipped early. */
class ValueScanner {
  readonly stack: StoredStack;
  readonly statistics: PatternStatistics;
  /** Finite values are at most this large. */
  readonly limit: number;
  readonly saturation: number;
  /** Nothing to repair. */
  readonly unsigned: boolean;
  /** Only floats that are read as amplitude may be something else; integers would pay for a question without use. */
  readonly judgesQuantity: boolean;

  constructor(stack: StoredStack, statistics: PatternStatistics) {
    this.stack = stack;
    this.statistics = statistics;
    this.unsigned = stack.type === "bool" || stack.type.startsWith("u");
    this.judgesQuantity = stack.quantity === "amplitude" && !isInteger(stack.type);
    this.limit = stack.type === "float64" ? float32Overflow * (1 - 2 ** -52) : Number.MAX_VALUE;
    const largest = largestInteger(stack.type);
    // Pixel-major tiles are float32 already when they are measured.
    this.saturation = stack.patternMajor || stack.sampleType === "uint16" ? largest : Math.fround(largest);
  }

  /** values [frame, pixel], repaired in place; `packed` has the padded length of the store. */
  scanFrames(values: Values, firstFrame: number, frames: number, packed: Samples | null): void {
    const { pixelCount } = this.stack;
    const packedStride = packed ? packed.length / frames : 0;
    for (let frame = 0; frame < frames; frame++) {
      const part = values.subarray(frame * pixelCount, (frame + 1) * pixelCount);
      this.measure(part, firstFrame + frame, 0);
      packed?.set(part, frame * packedStride);
    }
  }

  /** values [pixel, frame]; fills tile [frame, pixel]. */
  scanPixels(values: Values, firstPixel: number, pixels: number, tile: Samples): void {
    const { count } = this.stack;
    // Before the values are narrowed to the tile's type, which wraps what it cannot hold.
    if (!this.unsigned && !allWithin(values, this.limit)) {
      for (let at = 0; at < values.length; at++) {
        const value = values[at]!;
        if (value >= 0 && value <= this.limit) continue;
        values[at] = this.repair(value, at % count, firstPixel + Math.floor(at / count));
      }
    }
    transpose(values, pixels, count, tile);
    for (let frame = 0; frame < count; frame++) {
      this.measure(tile.subarray(frame * pixels, (frame + 1) * pixels), frame, firstPixel);
    }
  }

  finish(): void {
    // Intensities are not negative and do not underflow in float64, so a zero sum means zero pixels.
    this.statistics.zeroPatterns = this.statistics.totalIntensity.reduce(
      (zeros, sum) => zeros + (sum === 0 ? 1 : 0),
      0,
    );
  }

  /** Repairs and measures values of one pattern from pixel `firstPixel` on. */
  private measure(values: Values, frame: number, firstPixel: number): void {
    const { statistics, stack } = this;
    const { pixels } = statistics;
    const squared = stack.quantity === "amplitude";
    if (!this.unsigned && !allWithin(values, this.limit)) {
      for (let at = 0; at < values.length; at++) {
        const value = values[at]!;
        if (!(value >= 0 && value <= this.limit)) values[at] = this.repair(value, frame, firstPixel + at);
      }
    }
    const largest = maximumOf(values);
    if (largest > statistics.maximum) statistics.maximum = largest;
    statistics.totalIntensity[frame]! += squared ? sumOfSquares(values) : sumOf(values);
    if (this.judgesQuantity) {
      if (statistics.integerValued) statistics.integerValued = allIntegers(values);
      if (statistics.squaresWhole) statistics.squaresWhole = allWholeSquares(values);
    }
    if (largest === this.saturation) statistics.saturatedCount += countEqual(values, largest);
    if (pixels) addPixels(pixels, values, firstPixel, squared);
  }

  /** Records a value that cannot be used and replaces it by 0. */
  private repair(value: number, frame: number, pixel: number): number {
    const { statistics } = this;
    if (value < 0 && value >= -this.limit) {
      statistics.negativeCount++;
      statistics.negativeSum += value;
      statistics.firstNegative = earlier(statistics.firstNegative, frame, pixel);
      return 0;
    }
    statistics.nonfiniteCount++;
    statistics.firstNonfinite = earlier(statistics.firstNonfinite, frame, pixel);
    statistics.nonfinitePixels ??= new Uint8Array(this.stack.pixelCount);
    statistics.nonfinitePixels[pixel] = 1;
    return 0;
  }
}

function allWithin(values: Values, limit: number): boolean {
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!(value >= 0 && value <= limit)) return false;
  }
  return true;
}

function allIntegers(values: Values): boolean {
  for (let at = 0; at < values.length; at++) if (!Number.isInteger(values[at]!)) return false;
  return true;
}

function allWholeSquares(values: Values): boolean {
  for (let at = 0; at < values.length; at++) if (!isWholeSquare(values[at]!)) return false;
  return true;
}

function maximumOf(values: Values): number {
  let largest = 0;
  for (let at = 0; at < values.length; at++) if (values[at]! > largest) largest = values[at]!;
  return largest;
}

function sumOf(values: Values): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at]!;
  return sum;
}

function sumOfSquares(values: Values): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at]! * values[at]!;
  return sum;
}

function countEqual(values: Values, wanted: number): number {
  let count = 0;
  for (let at = 0; at < values.length; at++) if (values[at] === wanted) count++;
  return count;
}

function addPixels(pixels: PixelStatistics, values: Values, firstPixel: number, squared: boolean): void {
  const { intensitySum, positiveCount, largest } = pixels;
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (value === 0) continue;
    const pixel = firstPixel + at;
    intensitySum[pixel]! += squared ? value * value : value;
    positiveCount[pixel]!++;
    if (value > largest[pixel]!) largest[pixel] = value;
  }
}

/** values [pixel, frame] -> tile [frame, pixel], some frames at a time. */
function transpose(values: Values, pixels: number, count: number, tile: Samples): void {
  for (let block = 0; block < count; block += transposeBlock) {
    const blockEnd = Math.min(count, block + transposeBlock);
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let frame = block; frame < blockEnd; frame++) tile[frame * pixels + pixel] = values[pixel * count + frame]!;
    }
  }
}

function earlier(found: FoundAt | null, frame: number, pixel: number): FoundAt {
  const isEarlier = !found || frame < found.frame || (frame === found.frame && pixel < found.pixel);
  return isEarlier ? { frame, pixel } : found;
}

/** Whether value^2 is a count: beyond 1e5 float32 cannot tell, so nothing speaks against it. */
function isWholeSquare(value: number): boolean {
  const square = value * value;
  return square > 1e5 || Math.abs(square - Math.round(square)) <= 2.5e-7 * square;
}

function largestInteger(type: NumericType): number {
  if (!isInteger(type) || type === "bool") return Number.NaN;
  const bits = 8 * typeFacts(type).itemBytes;
  return 2 ** (type.startsWith("u") ? bits : bits - 1) - 1;
}
