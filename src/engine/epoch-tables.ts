// The integer tables of an epoch: scheduled slots, minibatch entries, and for every minibatch the object tiles it touches
// with the patterns that cover each tile (gather form of the object update, gpu-notes.md section 3).

import { BATCH_STRIDE_BYTES } from "../gpu/kernel.ts";
import type { Placement } from "./geometry.ts";

/** Side of the part of a tile that one workgroup takes, in pixels. */
const WORKGROUP_SIDE = 16;
/** Bytes of a slot in shaders/lib/batch.wgsl. */
export const SLOT_BYTES = 32;
/** Entry 0 of the batch table: one plane, for transforms of the probe itself. */
export const SINGLE_PLANE_OFFSET = 0;
/** Entry 1: all patterns by index, for the illumination map. */
export const ALL_PATTERNS_OFFSET = BATCH_STRIDE_BYTES;
const FIXED_ENTRIES = 2;

/** A part of a minibatch that fits the working buffers. */
export interface SliceEntry {
  readonly batchOffset: number;
  readonly count: number;
}

/** What encoding a minibatch needs to know. */
export interface MinibatchEntry {
  readonly number: number;
  readonly indices: Uint32Array;
  readonly tileCount: number;
  /** Workgroups that cover the tiles. */
  readonly tileGroups: number;
  readonly slices: readonly SliceEntry[];
}

/** Tables of one epoch, ready to upload. */
export interface EpochTables {
  readonly slots: Uint8Array;
  readonly batches: Uint8Array;
  readonly tiles: Uint32Array;
  readonly minibatches: readonly MinibatchEntry[];
}

/** Largest sizes any epoch can need. */
export interface TableCapacity {
  readonly slotBytes: number;
  readonly batchBytes: number;
  readonly tileBytes: number;
}

export interface TableLayout {
  readonly placement: Placement;
  readonly frame: readonly [number, number];
  readonly canvasShape: readonly [number, number];
  /** Side of the object tiles whose patterns are listed, a multiple of 16: large ones make short lists, small ones exact. */
  readonly tileSide: number;
  /** Patterns per slice. */
  readonly sliceSize: number;
  /** True when slots refer to the position in the slice (streamed patterns) instead of the pattern index. */
  readonly streamed: boolean;
}

/** Number of object tiles across the canvas. */
export function tilesAcross(canvasWidth: number, tileSide: number): number {
  return Math.ceil(canvasWidth / tileSide);
}

/** Upper bounds for minibatches of the given sizes (every epoch has at most these). */
export function tableCapacity(layout: TableLayout, batchSizes: readonly number[]): TableCapacity {
  const [height, width] = layout.canvasShape;
  const { tileSide } = layout;
  const tileTotal = Math.ceil(height / tileSide) * tilesAcross(width, tileSide);
  const perAxis = (length: number) => Math.floor((length + tileSide - 2) / tileSide) + 1;
  const perPattern = perAxis(layout.frame[0]) * perAxis(layout.frame[1]);
  let slots = 0;
  let entries = FIXED_ENTRIES;
  let words = 0;
  for (const size of batchSizes) {
    const slices = Math.ceil(size / layout.sliceSize);
    const tiles = Math.min(tileTotal, size * perPattern);
    slots += size;
    entries += slices;
    words += tiles + slices * (tiles + 1) + size * perPattern;
  }
  return { slotBytes: slots * SLOT_BYTES, batchBytes: entries * BATCH_STRIDE_BYTES, tileBytes: 4 * words };
}

/** Builds the tables of an epoch; `noise` gives each pattern's perturbation of the Poisson step. */
export function buildEpochTables(
  layout: TableLayout,
  minibatches: readonly Uint32Array[],
  noise: (pattern: number) => number = () => 0,
): EpochTables {
  const slotCount = minibatches.reduce((sum, indices) => sum + indices.length, 0);
  const capacity = tableCapacity(
    layout,
    minibatches.map((indices) => indices.length),
  );
  const slots = new Uint8Array(slotCount * SLOT_BYTES);
  const batches = new Uint8Array(capacity.batchBytes);
  const tiles = new Uint32Array(capacity.tileBytes / 4);
  const entries: MinibatchEntry[] = [];
  const spans = spansOf(layout);
  let slotBase = 0;
  let entry = FIXED_ENTRIES;
  let tileBase = 0;
  writeEntry(batches, 0, {
    slotBase: 0,
    count: 1,
    batchBase: 0,
    batchCount: 1,
    tileBase: 0,
    tileCount: 0,
    rangeBase: 0,
    firstSlice: 1,
    minibatch: 0,
    lastSlice: 1,
  });
  for (const [number, indices] of minibatches.entries()) {
    writeSlots(slots, slotBase, layout, indices, noise);
    const sliceCount = Math.ceil(indices.length / layout.sliceSize);
    const touched = writeTiles(tiles, tileBase, layout, spans, indices, sliceCount);
    const slices: SliceEntry[] = [];
    for (let slice = 0; slice < sliceCount; slice++) {
      const start = slice * layout.sliceSize;
      const count = Math.min(layout.sliceSize, indices.length - start);
      writeEntry(batches, entry, {
        slotBase: slotBase + start,
        count,
        batchBase: slotBase,
        batchCount: indices.length,
        tileBase,
        tileCount: touched.tileCount,
        rangeBase: tileBase + touched.tileCount + slice * (touched.tileCount + 1),
        firstSlice: slice === 0 ? 1 : 0,
        minibatch: number,
        lastSlice: slice === sliceCount - 1 ? 1 : 0,
      });
      slices.push({ batchOffset: entry * BATCH_STRIDE_BYTES, count });
      entry += 1;
    }
    const { tileCount } = touched;
    entries.push({
      number,
      indices,
      tileCount,
      tileGroups: tileCount * (layout.tileSide / WORKGROUP_SIDE) ** 2,
      slices,
    });
    slotBase += indices.length;
    tileBase = touched.end;
  }
  return {
    slots,
    batches: batches.subarray(0, entry * BATCH_STRIDE_BYTES),
    tiles: tiles.subarray(0, tileBase),
    minibatches: entries,
  };
}

/** Tables with every pattern in index order: for the illumination map. The entry belongs at ALL_PATTERNS_OFFSET. */
export function buildAllPatternTables(layout: TableLayout): {
  slots: Uint8Array;
  tiles: Uint32Array;
  entry: Uint8Array;
  tileGroups: number;
} {
  const count = layout.placement.startIndicesPx.length / 2;
  const whole = { ...layout, sliceSize: count, streamed: false };
  const indices = Uint32Array.from({ length: count }, (_, index) => index);
  const tables = buildEpochTables(whole, [indices]);
  const first = FIXED_ENTRIES * BATCH_STRIDE_BYTES;
  return {
    slots: tables.slots,
    tiles: tables.tiles,
    entry: tables.batches.subarray(first, first + BATCH_STRIDE_BYTES),
    tileGroups: tables.minibatches[0]!.tileGroups,
  };
}

interface BatchBlock {
  readonly slotBase: number;
  readonly count: number;
  readonly batchBase: number;
  readonly batchCount: number;
  readonly tileBase: number;
  readonly tileCount: number;
  readonly rangeBase: number;
  readonly firstSlice: number;
  readonly minibatch: number;
  readonly lastSlice: number;
}

function writeEntry(batches: Uint8Array, entry: number, block: BatchBlock): void {
  const words = new Uint32Array(batches.buffer, batches.byteOffset + entry * BATCH_STRIDE_BYTES, 10);
  words.set([
    block.slotBase,
    block.count,
    block.batchBase,
    block.batchCount,
    block.tileBase,
    block.tileCount,
    block.rangeBase,
    block.firstSlice,
    block.minibatch,
    block.lastSlice,
  ]);
}

function writeSlots(
  slots: Uint8Array,
  slotBase: number,
  layout: TableLayout,
  indices: Uint32Array,
  noise: (pattern: number) => number,
): void {
  const integers = new Int32Array(slots.buffer);
  const floats = new Float32Array(slots.buffer);
  const { startIndicesPx, fractionsPx } = layout.placement;
  for (const [position, pattern] of indices.entries()) {
    const word = ((slotBase + position) * SLOT_BYTES) / 4;
    integers[word] = pattern;
    integers[word + 1] = layout.streamed ? position % layout.sliceSize : pattern;
    integers[word + 2] = startIndicesPx[2 * pattern]!;
    integers[word + 3] = startIndicesPx[2 * pattern + 1]!;
    floats[word + 4] = fractionsPx[2 * pattern]!;
    floats[word + 5] = fractionsPx[2 * pattern + 1]!;
    floats[word + 6] = noise(pattern);
  }
}

/** [pattern, 4] first and last tile row, first and last tile column of its patch. Kept per layout: epochs share it. */
const knownSpans = new WeakMap<TableLayout, Int32Array>();

function spansOf(layout: TableLayout): Int32Array {
  const known = knownSpans.get(layout);
  if (known) return known;
  const { startIndicesPx } = layout.placement;
  const spans = new Int32Array(2 * startIndicesPx.length);
  for (let index = 0; index < startIndicesPx.length; index++) {
    const axis = index % 2;
    // a patch beyond the canvas repeats its border
    const clip = (value: number) =>
      Math.floor(Math.min(layout.canvasShape[axis]! - 1, Math.max(0, value)) / layout.tileSide);
    spans[2 * index] = clip(startIndicesPx[index]!);
    spans[2 * index + 1] = clip(startIndicesPx[index]! + layout.frame[axis]! - 1);
  }
  knownSpans.set(layout, spans);
  return spans;
}

/**
 * Writes tile numbers, one list of bounds per slice, and the entries (positions in their slice, ascending) of one
 * minibatch from `base` on. Plain loops: this is most of what the host does in an epoch.
 */
function writeTiles(
  tiles: Uint32Array,
  base: number,
  layout: TableLayout,
  spans: Int32Array,
  indices: Uint32Array,
  sliceCount: number,
): { tileCount: number; end: number } {
  const { canvasShape, tileSide, sliceSize } = layout;
  const across = tilesAcross(canvasShape[1], tileSide);
  const tileTotal = Math.ceil(canvasShape[0] / tileSide) * across;
  // counts per slice and tile, then the places where their entries go
  const counts = new Uint32Array(sliceCount * tileTotal);
  const numberOf = new Int32Array(tileTotal).fill(-1);
  let tileCount = 0;
  for (let position = 0; position < indices.length; position++) {
    const span = 4 * indices[position]!;
    const slice = Math.floor(position / sliceSize) * tileTotal;
    for (let row = spans[span]!; row <= spans[span + 1]!; row++) {
      const last = row * across + spans[span + 3]!;
      for (let tile = row * across + spans[span + 2]!; tile <= last; tile++) {
        counts[slice + tile]!++;
        if (numberOf[tile]! < 0) {
          tiles[base + tileCount] = tile;
          numberOf[tile] = tileCount++;
        }
      }
    }
  }
  const bounds = base + tileCount;
  let next = bounds + sliceCount * (tileCount + 1);
  for (let slice = 0; slice < sliceCount; slice++) {
    const row = bounds + slice * (tileCount + 1);
    for (let number = 0; number < tileCount; number++) {
      tiles[row + number] = next;
      const place = slice * tileTotal + tiles[base + number]!;
      const count = counts[place]!;
      counts[place] = next;
      next += count;
    }
    tiles[row + tileCount] = next;
  }
  for (let position = 0; position < indices.length; position++) {
    const span = 4 * indices[position]!;
    const slice = Math.floor(position / sliceSize) * tileTotal;
    const inSlice = position % sliceSize;
    for (let row = spans[span]!; row <= spans[span + 1]!; row++) {
      const last = slice + row * across + spans[span + 3]!;
      for (let place = slice + row * across + spans[span + 2]!; place <= last; place++)
        tiles[counts[place]!++] = inSlice;
    }
  }
  return { tileCount, end: next };
}
