// Slots, minibatch entries and tile lists against brute force.
import { describe, expect, test } from "vitest";
import {
  buildAllPatternTables,
  buildEpochTables,
  SLOT_BYTES,
  type TableLayout,
  tableCapacity,
  tilesAcross,
} from "../../src/engine/epoch-tables.ts";
import { BATCH_STRIDE_BYTES } from "../../src/gpu/kernel.ts";
import { noise } from "../support/closeness.ts";

function makeLayout(settings: {
  count: number;
  canvas: [number, number];
  frame: [number, number];
  sliceSize: number;
  seed: number;
  reachPx?: number;
  streamed?: boolean;
  tileSide?: number;
}): TableLayout {
  const { count, canvas, frame, sliceSize, seed } = settings;
  const reach = settings.reachPx ?? 0;
  const random = noise(2 * count, seed);
  const startIndicesPx = Int32Array.from(random, (value, k) => {
    const room = canvas[k % 2]! - frame[k % 2]! + 2 * reach;
    return Math.floor((value + 0.5) * (room + 1)) - reach;
  });
  const fractionsPx = noise(2 * count, seed + 1);
  return {
    placement: { startIndicesPx, fractionsPx },
    frame,
    canvasShape: canvas,
    tileSide: settings.tileSide ?? 16,
    sliceSize,
    streamed: settings.streamed ?? false,
  };
}

/** Tiles with a pixel that a pattern's patch reads or writes, borders repeated; found pixel by pixel. */
function findTiles(layout: TableLayout, pattern: number): Set<number> {
  const [rows, columns] = layout.canvasShape;
  const tiles = new Set<number>();
  const side = layout.tileSide;
  for (let y = 0; y < layout.frame[0]; y++) {
    for (let x = 0; x < layout.frame[1]; x++) {
      const row = Math.min(rows - 1, Math.max(0, layout.placement.startIndicesPx[2 * pattern]! + y));
      const column = Math.min(columns - 1, Math.max(0, layout.placement.startIndicesPx[2 * pattern + 1]! + x));
      tiles.add(Math.floor(row / side) * Math.ceil(columns / side) + Math.floor(column / side));
    }
  }
  return tiles;
}

const FIELDS = [
  "slotBase",
  "count",
  "batchBase",
  "batchCount",
  "tileBase",
  "tileCount",
  "rangeBase",
  "firstSlice",
  "minibatch",
  "lastSlice",
] as const;

function readEntry(batches: Uint8Array, offset: number): Record<(typeof FIELDS)[number], number> {
  const words = new Uint32Array(batches.buffer, batches.byteOffset + offset, FIELDS.length);
  return Object.fromEntries(FIELDS.map((name, index) => [name, words[index]!])) as Record<
    (typeof FIELDS)[number],
    number
  >;
}

/** Asserts that the tables of an epoch say exactly what brute force finds. */
function expectTables(layout: TableLayout, minibatches: readonly Uint32Array[]): void {
  const tables = buildEpochTables(layout, minibatches, (pattern) => pattern / 8);
  const capacity = tableCapacity(
    layout,
    minibatches.map((indices) => indices.length),
  );
  expect(tables.slots.byteLength).toBeLessThanOrEqual(capacity.slotBytes);
  expect(tables.batches.byteLength).toBeLessThanOrEqual(capacity.batchBytes);
  expect(tables.tiles.byteLength).toBeLessThanOrEqual(capacity.tileBytes);
  expect(tables.minibatches.length).toBe(minibatches.length);
  const single = readEntry(tables.batches, 0);
  expect(single).toMatchObject({ slotBase: 0, count: 1, batchBase: 0, batchCount: 1, firstSlice: 1 });
  let slot = 0;
  for (const [number, indices] of minibatches.entries()) {
    const entry = tables.minibatches[number]!;
    expect(Array.from(entry.indices)).toEqual(Array.from(indices));
    const touched = new Set(Array.from(indices).flatMap((pattern) => [...findTiles(layout, pattern)]));
    expect(entry.tileCount).toBe(touched.size);
    expect(entry.tileGroups).toBe(touched.size * (layout.tileSide / 16) ** 2);
    expect(entry.slices.reduce((sum, slice) => sum + slice.count, 0)).toBe(indices.length);
    for (const [sliceNumber, slice] of entry.slices.entries()) {
      expect(slice.batchOffset % BATCH_STRIDE_BYTES).toBe(0);
      expect(slice.count).toBeLessThanOrEqual(layout.sliceSize);
      const first = sliceNumber * layout.sliceSize;
      const block = readEntry(tables.batches, slice.batchOffset);
      expect(block).toMatchObject({
        slotBase: slot + first,
        count: slice.count,
        batchBase: slot,
        batchCount: indices.length,
        tileCount: touched.size,
        firstSlice: sliceNumber === 0 ? 1 : 0,
        minibatch: number,
        lastSlice: sliceNumber === entry.slices.length - 1 ? 1 : 0,
      });
      const numbers = Array.from(tables.tiles.subarray(block.tileBase, block.tileBase + block.tileCount));
      expect(new Set(numbers)).toEqual(touched);
      for (const [place, tile] of numbers.entries()) {
        const [from, to] = [tables.tiles[block.rangeBase + place]!, tables.tiles[block.rangeBase + place + 1]!];
        const expected: number[] = [];
        for (let position = 0; position < slice.count; position++)
          if (findTiles(layout, indices[first + position]!).has(tile)) expected.push(position);
        expect(Array.from(tables.tiles.subarray(from, to))).toEqual(expected);
      }
    }
    for (const [position, pattern] of indices.entries()) {
      const integers = new Int32Array(tables.slots.buffer, (slot + position) * SLOT_BYTES, SLOT_BYTES / 4);
      const floats = new Float32Array(tables.slots.buffer, (slot + position) * SLOT_BYTES, SLOT_BYTES / 4);
      const { startIndicesPx, fractionsPx } = layout.placement;
      expect(Array.from(integers.subarray(0, 4))).toEqual([
        pattern,
        layout.streamed ? position % layout.sliceSize : pattern,
        startIndicesPx[2 * pattern]!,
        startIndicesPx[2 * pattern + 1]!,
      ]);
      expect(Array.from(floats.subarray(4, 7))).toEqual([
        fractionsPx[2 * pattern]!,
        fractionsPx[2 * pattern + 1]!,
        pattern / 8,
      ]);
    }
    slot += indices.length;
  }
}

const whole = (count: number) => Uint32Array.from({ length: count }, (_, k) => (7 * k + 3) % count);

describe("tables of an epoch", () => {
  test("one minibatch", () => {
    expectTables(makeLayout({ count: 9, canvas: [70, 90], frame: [16, 16], sliceSize: 9, seed: 1 }), [whole(9)]);
  });

  test("minibatches of unequal size in unequal slices", () => {
    const order = whole(23);
    const minibatches = [order.subarray(0, 10), order.subarray(10, 11), order.subarray(11)];
    for (const sliceSize of [1, 3, 10, 50])
      for (const tileSide of [16, 32, 64])
        expectTables(
          makeLayout({ count: 23, canvas: [61, 97], frame: [20, 12], sliceSize, seed: 2, tileSide }),
          minibatches,
        );
  });

  test("streamed patterns are found by their place in the slice", () => {
    const layout = makeLayout({ count: 11, canvas: [50, 50], frame: [9, 15], sliceSize: 4, seed: 3, streamed: true });
    expectTables(layout, [whole(11), whole(11).slice(2, 5)]);
  });

  test("patches that reach beyond the canvas, or miss it", () => {
    for (let seed = 4; seed < 12; seed++) {
      const tileSide = seed % 2 === 0 ? 16 : 32;
      const settings = { count: 12, sliceSize: 5, seed, reachPx: 40, tileSide };
      const layout = makeLayout({ ...settings, canvas: [33, 41], frame: [16, 16] });
      expectTables(layout, [whole(12)]);
    }
  });

  test("a canvas smaller than a tile, and one of whole tiles", () => {
    expectTables(makeLayout({ count: 5, canvas: [7, 5], frame: [8, 8], sliceSize: 2, seed: 13, reachPx: 6 }), [
      whole(5),
    ]);
    expectTables(makeLayout({ count: 8, canvas: [64, 48], frame: [16, 16], sliceSize: 8, seed: 14 }), [whole(8)]);
  });

  test("patterns left out, and one pattern in several minibatches", () => {
    const layout = makeLayout({ count: 10, canvas: [60, 60], frame: [16, 16], sliceSize: 2, seed: 15 });
    expectTables(layout, [Uint32Array.of(3, 1), Uint32Array.of(3, 8, 9), Uint32Array.of(3)]);
  });
});

test("tables of all patterns, for the illumination map", () => {
  const layout = makeLayout({ count: 14, canvas: [70, 45], frame: [16, 16], sliceSize: 3, seed: 16, streamed: true });
  const all = buildAllPatternTables(layout);
  const entry = readEntry(all.entry, 0);
  expect(entry).toMatchObject({ slotBase: 0, count: 14, batchBase: 0, batchCount: 14, firstSlice: 1 });
  expect(all.tileGroups).toBe(entry.tileCount);
  const slots = new Int32Array(all.slots.buffer, all.slots.byteOffset);
  for (let pattern = 0; pattern < 14; pattern++)
    expect(Array.from(slots.subarray(8 * pattern, 8 * pattern + 2))).toEqual([pattern, pattern]);
  for (let place = 0; place < entry.tileCount; place++) {
    const tile = all.tiles[entry.tileBase + place]!;
    const [from, to] = [all.tiles[entry.rangeBase + place]!, all.tiles[entry.rangeBase + place + 1]!];
    const expected = Array.from({ length: 14 }, (_, pattern) => pattern).filter((p) => findTiles(layout, p).has(tile));
    expect(Array.from(all.tiles.subarray(from, to))).toEqual(expected);
  }
});

test("a plan's largest sizes bound every epoch, whatever the order of its minibatches", () => {
  const layout = makeLayout({ count: 30, canvas: [90, 90], frame: [24, 24], sliceSize: 4, seed: 17 });
  const bound = tableCapacity(layout, [13, 13, 13]);
  for (const sizes of [
    [13, 13, 4],
    [4, 13, 13],
    [13, 4, 13],
    [1, 1, 1],
  ]) {
    let first = 0;
    const minibatches = sizes.map((size) => whole(30).subarray(first, (first += size)));
    const tables = buildEpochTables(layout, minibatches);
    expect(tables.slots.byteLength).toBeLessThanOrEqual(bound.slotBytes);
    expect(tables.batches.byteLength).toBeLessThanOrEqual(bound.batchBytes);
    expect(tables.tiles.byteLength).toBeLessThanOrEqual(bound.tileBytes);
  }
});

test("tiles across", () => {
  expect([1, 15, 16, 17, 32, 33].map((width) => tilesAcross(width, 16))).toEqual([1, 1, 1, 2, 2, 3]);
  expect([1, 64, 65].map((width) => tilesAcross(width, 64))).toEqual([1, 1, 2]);
});
