// Looks at every value of a pattern stack once, in storage order, and packs the patterns where their layout is foreign.

import { float16ToFloat32 } from "npyjs";
import type { ByteStore } from "./byte-store.ts";
import type { Quantity } from "./dataset.ts";
import { narrowBigIntegers, swapBytes } from "./npy-array.ts";
import { isInteger, type NumericType, typeFacts } from "./npy-dtype.ts";
import type { FoundAt, PatternStatistics } from "./pattern-statistics.ts";

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

/** The loops over all values, with their running results in one place. */
class ValueScanner {
  readonly stack: StoredStack;
  readonly statistics: PatternStatistics;
  /** Finite values are at most this large. */
  readonly limit: number;
  readonly saturation: number;
  readonly squared: boolean;

  constructor(stack: StoredStack, statistics: PatternStatistics) {
    this.stack = stack;
    this.statistics = statistics;
    this.limit = stack.type === "float64" ? float32Overflow * (1 - 2 ** -52) : Number.MAX_VALUE;
    this.saturation = largestInteger(stack.type);
    this.squared = stack.quantity === "amplitude";
  }

  /** values [frame, pixel]; `packed` has the padded length of the store. */
  scanFrames(values: Values, firstFrame: number, frames: number, packed: Samples | null): void {
    const { pixelCount } = this.stack;
    const packedStride = packed ? packed.length / frames : 0;
    for (let frame = 0; frame < frames; frame++) {
      this.scanFrame(values, frame * pixelCount, firstFrame + frame, packed, frame * packedStride);
    }
  }

  private scanFrame(values: Values, from: number, frame: number, packed: Samples | null, to: number): void {
    const { statistics, limit, saturation, squared } = this;
    const { pixelCount } = this.stack;
    const { pixels } = statistics;
    let { maximum, integerValued, squaresWhole } = statistics;
    let total = 0;
    for (let pixel = 0; pixel < pixelCount; pixel++) {
      let value = values[from + pixel]!;
      if (!(value >= 0 && value <= limit)) value = this.repair(value, frame, pixel);
      if (packed) value = packed[to + pixel] = value;
      if (value > maximum) maximum = value;
      if (integerValued && value !== Math.floor(value)) integerValued = false;
      if (squaresWhole && !isWholeSquare(value)) squaresWhole = false;
      if (value === saturation) statistics.saturatedCount++;
      const intensity = squared ? value * value : value;
      total += intensity;
      if (pixels !== null && value > 0) {
        pixels.intensitySum[pixel]! += intensity;
        pixels.positiveCount[pixel]!++;
        if (value > pixels.largest[pixel]!) pixels.largest[pixel] = value;
      }
    }
    statistics.totalIntensity[frame] = total;
    Object.assign(statistics, { maximum, integerValued, squaresWhole });
  }

  /** values [pixel, frame]; fills tile [frame, pixel]. */
  scanPixels(values: Values, firstPixel: number, pixelsHere: number, tile: Samples): void {
    const { statistics, limit, saturation, squared } = this;
    const { count } = this.stack;
    const { totalIntensity, pixels } = statistics;
    for (let block = 0; block < count; block += transposeBlock) {
      const blockEnd = Math.min(count, block + transposeBlock);
      for (let pixel = 0; pixel < pixelsHere; pixel++) {
        for (let frame = block; frame < blockEnd; frame++) {
          let value = values[pixel * count + frame]!;
          if (!(value >= 0 && value <= limit)) value = this.repair(value, frame, firstPixel + pixel);
          const at = frame * pixelsHere + pixel;
          tile[at] = value;
          value = tile[at]!;
          if (value > statistics.maximum) statistics.maximum = value;
          if (statistics.integerValued && value !== Math.floor(value)) statistics.integerValued = false;
          if (statistics.squaresWhole && !isWholeSquare(value)) statistics.squaresWhole = false;
          if (value === saturation) statistics.saturatedCount++;
          const intensity = squared ? value * value : value;
          totalIntensity[frame]! += intensity;
          if (pixels !== null && value > 0) {
            pixels.intensitySum[firstPixel + pixel]! += intensity;
            pixels.positiveCount[firstPixel + pixel]!++;
            if (value > pixels.largest[firstPixel + pixel]!) pixels.largest[firstPixel + pixel] = value;
          }
        }
      }
    }
  }

  finish(): void {
    // Intensities are not negative and do not underflow in float64, so a zero sum means zero pixels.
    this.statistics.zeroPatterns = this.statistics.totalIntensity.reduce(
      (zeros, sum) => zeros + (sum === 0 ? 1 : 0),
      0,
    );
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
