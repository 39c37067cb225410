// Patterns by index, from ranges of the file or from a store: the random access behind every minibatch.

import type { ByteStore } from "./byte-store.ts";
import type { PatternSource, Quantity } from "./dataset.ts";
import type { OrientedPattern } from "./orientation.ts";
import { assertUnchanged, type RandomAccess, readInto } from "./random-access.ts";

/** What every source needs to know. */
export interface PatternFacts {
  readonly count: number;
  readonly sampleType: "float32" | "uint16";
  readonly quantity: Quantity;
  readonly patternBytes: number;
  readonly oriented: OrientedPattern;
}

/** Reads at the same time; more than the usual number of I/O threads gains nothing. */
const parallelReads = 8;

/**
 * Serves patterns from a stored member. `storedPatternBytes` is the distance of two patterns in the file, `repair` sets
 * values that are not finite or negative to 0. Takes over the access.
 */
export function rangePatternSource(
  access: RandomAccess,
  dataOffset: number,
  storedPatternBytes: number,
  repair: boolean,
  facts: PatternFacts,
): PatternSource {
  return patternSource(facts, storedPatternBytes, {
    read: (offset, target) => readInto(access, dataOffset + offset, target),
    async finish(target) {
      await assertUnchanged(access);
      if (repair) repairValues(target);
    },
    close: () => access.close(),
  });
}

/** Serves patterns that were packed into a store. Takes over the store. */
export function storePatternSource(store: ByteStore, facts: PatternFacts): PatternSource {
  return patternSource(facts, facts.patternBytes, {
    read: (offset, target) => store.readInto(offset, target),
    async finish() {},
    close: () => store.close(),
  });
}

interface Backing {
  read(offset: number, target: Uint8Array): Promise<void>;
  finish(target: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

function patternSource(facts: PatternFacts, storedPatternBytes: number, backing: Backing): PatternSource {
  const { count, sampleType, quantity, patternBytes, oriented } = facts;
  let open = true;
  return {
    count,
    sampleType,
    quantity,
    patternBytes,
    heightPx: oriented.heightPx,
    widthPx: oriented.widthPx,
    layout: oriented.layout,
    async read(indices, target) {
      if (!open) throw new TypeError("the pattern source is closed");
      assertRequest(indices, target, count, patternBytes);
      const runs = findRuns(indices, storedPatternBytes === patternBytes);
      let next = 0;
      const lane = async () => {
        for (let run = runs[next++]; run; run = runs[next++]) {
          const bytes = run.length === 1 ? storedPatternBytes : run.length * patternBytes;
          const at = run.at * patternBytes;
          await backing.read(run.index * storedPatternBytes, target.subarray(at, at + bytes));
          // A pattern that is shorter in the file leaves its padding to us.
          if (storedPatternBytes < patternBytes) target.fill(0, at + storedPatternBytes, at + patternBytes);
        }
      };
      await Promise.all(Array.from({ length: Math.min(parallelReads, runs.length) }, lane));
      await backing.finish(target);
    },
    async close() {
      if (!open) return;
      open = false;
      await backing.close();
    },
  };
}

/** Runs of neighbouring indices, which are one read; `at` counts patterns in the target. */
function findRuns(indices: ArrayLike<number>, joinable: boolean): { at: number; index: number; length: number }[] {
  const runs: { at: number; index: number; length: number }[] = [];
  for (let at = 0; at < indices.length; at++) {
    const index = indices[at]!;
    const last = runs.at(-1);
    if (joinable && last && index === last.index + last.length) last.length++;
    else runs.push({ at, index, length: 1 });
  }
  return runs;
}

function assertRequest(indices: ArrayLike<number>, target: Uint8Array, count: number, patternBytes: number): void {
  if (target.length !== indices.length * patternBytes || target.byteOffset % 4 !== 0) {
    throw new RangeError(`${indices.length} patterns need ${indices.length * patternBytes} aligned bytes`);
  }
  for (let at = 0; at < indices.length; at++) {
    const index = indices[at]!;
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new RangeError(`pattern ${index} does not exist: there are ${count}`);
    }
  }
}

function repairValues(target: Uint8Array): void {
  const values = new Float32Array(target.buffer, target.byteOffset, target.byteLength / 4);
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!(value >= 0 && value <= Number.MAX_VALUE)) values[index] = 0;
  }
}
