// Patterns on their way to the device: in order and in pieces, with little memory on the host, never into a set that
// another minibatch has taken.
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { PatternSource } from "../../src/data/dataset.ts";
import type { MinibatchEntry } from "../../src/engine/epoch-tables.ts";
import { loadPatterns, PatternRing, STAGING_BYTES } from "../../src/engine/pattern-upload.ts";
import { BufferPool } from "../../src/gpu/buffers.ts";
import { watchDevice } from "../../src/gpu/device.ts";
import { readBuffer } from "../../src/gpu/readback.ts";
import { testDevice } from "../support/gpu.ts";

let device: GPUDevice;
let pool: BufferPool;
beforeAll(async () => {
  device = await testDevice();
  pool = new BufferPool(device);
});
afterEach(() => pool.destroy());

const read = async (buffer: GPUBuffer) => new Uint8Array(await readBuffer(device, watchDevice(device), buffer));

/** Patterns of 1024 x 768 float32 whose bytes are their index + 1, the last one 99. */
function makeSource(count: number, beforeRead: (indices: ArrayLike<number>) => Promise<void> | void = () => {}) {
  const patternBytes = 3 * 2 ** 20;
  const source: PatternSource = {
    count,
    heightPx: 1024,
    widthPx: 768,
    sampleType: "float32",
    quantity: "intensity",
    layout: { offset: 0, rowStride: 768, columnStride: 1 },
    patternBytes,
    read: async (indices, target) => {
      expect(target.length).toBe(indices.length * patternBytes);
      await beforeRead(indices);
      for (let k = 0; k < indices.length; k++) {
        target.fill(indices[k]! + 1, k * patternBytes, (k + 1) * patternBytes);
        target[(k + 1) * patternBytes - 1] = 99;
      }
    },
    close: async () => {},
  };
  return source;
}

function expectPatterns(bytes: Uint8Array, indices: readonly number[]): void {
  const patternBytes = 3 * 2 ** 20;
  for (const [place, pattern] of indices.entries()) {
    const found = [0, 1, patternBytes - 2, patternBytes - 1].map((at) => bytes[place * patternBytes + at]);
    expect(found, `place ${place}`).toEqual([pattern + 1, pattern + 1, pattern + 1, 99]);
  }
}

/** The test device with the bytes of its mapped buffers counted. */
function countStaging(): { device: GPUDevice; made: () => number; alive: () => number } {
  let made = 0;
  let alive = 0;
  const createBuffer = (descriptor: GPUBufferDescriptor) => {
    const buffer = device.createBuffer(descriptor);
    if (!descriptor.mappedAtCreation) return buffer;
    made += descriptor.size;
    alive += descriptor.size;
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      alive -= descriptor.size;
      return destroy();
    };
    return buffer;
  };
  const counted = new Proxy(device, {
    get: (target, name) => {
      if (name === "createBuffer") return createBuffer;
      if (name === "addEventListener") return () => {};
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { device: counted, made: () => made, alive: () => alive };
}

describe("all patterns", () => {
  test("arrive in order, with less staging than patterns, and none is left", async () => {
    const count = 40;
    const source = makeSource(count);
    const target = pool.storage("patterns", count * source.patternBytes);
    const counted = countStaging();
    await loadPatterns(counted.device, source, target);
    expect(counted.made()).toBeGreaterThan(0);
    expect(counted.made()).toBeLessThanOrEqual(STAGING_BYTES);
    expect(count * source.patternBytes).toBeGreaterThan(1.5 * STAGING_BYTES);
    expect(counted.alive()).toBe(0);
    expectPatterns(
      await read(target),
      Array.from({ length: count }, (_, index) => index),
    );
  });

  test("are no longer read once nobody wants them", async () => {
    const controller = new AbortController();
    let reads = 0;
    const source = makeSource(12, () => {
      if (++reads === 2) controller.abort();
    });
    const target = pool.storage("patterns", 12 * source.patternBytes);
    await loadPatterns(device, source, target, controller.signal);
    expect(reads).toBe(2);
  });
});

describe("the ring", () => {
  const entry = (number: number, indices: number[], counts: number[]): MinibatchEntry =>
    ({
      number,
      indices: Uint32Array.from(indices),
      slices: counts.map((count) => ({ count })),
    }) as unknown as MinibatchEntry;
  const makeSets = (patternBytes: number) =>
    [0, 1].map((set) => [0, 1].map((slice) => pool.storage(`${set}.${slice}`, 2 * patternBytes)));

  test("minibatches take its sets in turn, slice by slice", async () => {
    const source = makeSource(12);
    const sets = makeSets(source.patternBytes);
    const ring = new PatternRing(device, source, sets);
    const [a, b, c] = [entry(0, [5, 3, 9], [2, 1]), entry(1, [0, 11], [2]), entry(2, [7], [1])] as const;
    ring.prefetch(a);
    expect(await ring.upload(a)).toBe(0);
    expect(await ring.upload(b)).toBe(1);
    expectPatterns(await read(sets[0]![0]!), [5, 3]);
    expectPatterns(await read(sets[0]![1]!), [9]);
    expectPatterns(await read(sets[1]![0]!), [0, 11]);
    expect(await ring.upload(c)).toBe(0);
    expectPatterns(await read(sets[0]![0]!), [7, 3]);
    expectPatterns(await read(sets[1]![0]!), [0, 11]);
    ring.destroy();
  });

  test("a slow minibatch that nobody asks for any more does not land in a later one's set", async () => {
    const source = makeSource(12, async (indices) => {
      if (indices[0] === 1) await new Promise((resolve) => setTimeout(resolve, 300));
    });
    const sets = makeSets(source.patternBytes);
    const ring = new PatternRing(device, source, sets);
    const [dropped, next, later] = [entry(1, [1], [1]), entry(0, [4], [1]), entry(1, [6], [1])] as const;
    ring.prefetch(dropped);
    ring.prefetch(next);
    await ring.upload(next);
    const set = await ring.upload(later);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expectPatterns(await read(sets[set]![0]!), [6]);
    ring.destroy();
  });

  test("released during an upload: the device is left alone", async () => {
    let release = () => {};
    const source = makeSource(12, () => new Promise((resolve) => (release = resolve)));
    const sets = makeSets(source.patternBytes);
    const counted = countStaging();
    const ring = new PatternRing(counted.device, source, sets);
    const minibatch = entry(0, [2, 3, 4], [2, 1]);
    ring.prefetch(minibatch);
    await new Promise((resolve) => setTimeout(resolve, 10));
    ring.destroy();
    release();
    await ring.upload(minibatch);
    expect(counted.made()).toBe(0);
    watchDevice(device).assertAlive();
  });
});
