// RANDOM and UNIFORM plans: membership, order, independence of epochs, the spreading algorithm against its plain text.
import { describe, expect, it } from "vitest";
import { createMinibatchPlan, type MinibatchSettings } from "../../src/schedule/minibatches.ts";
import { createGenerator, permuteIndices, streamPurpose } from "../../src/schedule/random.ts";
import { spreadMembership } from "../../src/schedule/uniform.ts";

function settings(changes: Partial<MinibatchSettings> = {}): MinibatchSettings {
  const count = changes.count ?? 53;
  return {
    count,
    batchSize: 10,
    batching: "random",
    evenBatches: false,
    seed: 0,
    positionsPx: scatter(count, 11),
    ...changes,
  };
}

function scatter(count: number, seed: number): Float64Array {
  const generator = createGenerator(seed, 77);
  return Float64Array.from({ length: 2 * count }, () => 60 * generator.nextUnit());
}

const lists = (pieces: readonly Uint32Array[]) => pieces.map((piece) => [...piece]);
const sizes = (pieces: readonly Uint32Array[]) => pieces.map((piece) => piece.length);
const ascending = (values: Iterable<number>) => [...values].sort((a, b) => a - b);
const all = (count: number) => Array.from({ length: count }, (_, i) => i);

/** batching.md section 3 word by word, with the whole distance matrix. */
function referenceSpread(pieces: number[][], positionsPx: Float64Array): number[][] {
  const beta = pieces.map((piece) => [...piece]);
  const distance = (a: number, b: number) => {
    const exact = Math.hypot(
      positionsPx[2 * a]! - positionsPx[2 * b]!,
      positionsPx[2 * a + 1]! - positionsPx[2 * b + 1]!,
    );
    return exact === 0 ? Number.POSITIVE_INFINITY : exact;
  };
  for (let i = 0; i <= beta.length - 2; i++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < beta[i + 1]!.length; k++) {
        const scores = beta[i]!.map((a) => 1 / beta[i]!.reduce((sum, c) => sum + distance(a, c) ** -2, 0));
        if (scores.every((score) => score === Number.POSITIVE_INFINITY)) break;
        const crowded = scores.indexOf(Math.min(...scores));
        [beta[i]![crowded], beta[i + 1]![k]] = [beta[i + 1]![k]!, beta[i]![crowded]!];
      }
    }
  }
  return beta;
}

function meanNearestDistance(pieces: readonly (readonly number[])[], positionsPx: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (const piece of pieces) {
    for (const a of piece) {
      const others = piece.filter((b) => b !== a);
      const distances = others.map((b) =>
        Math.hypot(positionsPx[2 * a]! - positionsPx[2 * b]!, positionsPx[2 * a + 1]! - positionsPx[2 * b + 1]!),
      );
      sum += Math.min(...distances);
      count += 1;
    }
  }
  return sum / count;
}

describe("random minibatches", () => {
  it("cut a permutation; the short last piece stays", () => {
    const pieces = createMinibatchPlan(settings()).minibatches(4);
    expect(sizes(pieces)).toEqual([10, 10, 10, 10, 10, 3]);
    expect(ascending(lists(pieces).flat())).toEqual(all(53));
    expect(lists(pieces).flat()).toEqual([...permuteIndices(53, createGenerator(0, streamPurpose.randomOrder, 4))]);
  });

  it("even pieces differ by one at most", () => {
    const plan = createMinibatchPlan(settings({ evenBatches: true }));
    expect(ascending(sizes(plan.minibatches(0)))).toEqual([8, 9, 9, 9, 9, 9]);
    expect(plan.maxBatchSize).toBe(9);
  });

  it("an epoch does not depend on which epochs were asked for before", () => {
    const forwards = createMinibatchPlan(settings());
    forwards.minibatches(0);
    forwards.minibatches(1);
    expect(lists(forwards.minibatches(7))).toEqual(lists(createMinibatchPlan(settings()).minibatches(7)));
    expect(lists(forwards.minibatches(7))).not.toEqual(lists(forwards.minibatches(8)));
  });

  it("the seed changes the order", () => {
    const other = createMinibatchPlan(settings({ seed: 1 }));
    expect(lists(other.minibatches(0))).not.toEqual(lists(createMinibatchPlan(settings()).minibatches(0)));
  });

  it("a batch larger than the scan holds everything; one pattern is a scan, too", () => {
    const plan = createMinibatchPlan(settings({ batchSize: 500 }));
    expect(plan.maxBatchSize).toBe(53);
    expect(plan.minibatches(0)).toHaveLength(1);
    expect(lists(createMinibatchPlan(settings({ count: 1, batchSize: 1 })).minibatches(3))).toEqual([[0]]);
  });

  it("refuses no patterns and no batch size", () => {
    expect(() => createMinibatchPlan(settings({ count: 0 }))).toThrow("SCHEDULE_COUNT");
    expect(() => createMinibatchPlan(settings({ batchSize: 0 }))).toThrow("OPTIONS_VALUE");
  });
});

describe("uniform minibatches", () => {
  it("equal the algorithm as the specification writes it", () => {
    for (let seed = 0; seed < 8; seed++) {
      const count = 30 + 7 * seed;
      const positionsPx = scatter(count, seed);
      const order = permuteIndices(count, createGenerator(seed, 1));
      const start = [0, 1, 2, 3, 4, 5, 6, 7].map((piece) => order.slice(piece * 11, (piece + 1) * 11));
      const pieces = start.filter((piece) => piece.length > 0);
      expect(lists(spreadMembership(pieces, positionsPx))).toEqual(referenceSpread(lists(pieces), positionsPx));
    }
  });

  it("spread better than chance and keep every pattern once", () => {
    const count = 400;
    const positionsPx = scatter(count, 5);
    const drawn = settings({ count, positionsPx, batchSize: 40, batching: "uniform" });
    const uniform = lists(createMinibatchPlan(drawn).minibatches(0));
    const random = lists(createMinibatchPlan({ ...drawn, batching: "random" }).minibatches(0));
    expect(ascending(uniform.flat())).toEqual(all(count));
    expect(meanNearestDistance(uniform, positionsPx)).toBeGreaterThan(1.2 * meanNearestDistance(random, positionsPx));
  });

  it("keep their members while their order changes with the epoch", () => {
    const plan = createMinibatchPlan(settings({ batching: "uniform" }));
    const key = (epoch: number) => lists(plan.minibatches(epoch)).map((piece) => ascending(piece).join());
    expect([...key(0)].sort()).toEqual([...key(1)].sort());
    expect(new Set([0, 1, 2, 3].map((epoch) => key(epoch).join(";"))).size).toBeGreaterThan(1);
  });

  it("survive coinciding positions and hand out copies", () => {
    const positionsPx = new Float64Array(2 * 53);
    const plan = createMinibatchPlan(settings({ batching: "uniform", positionsPx }));
    const first = plan.minibatches(0);
    expect(ascending(lists(first).flat())).toEqual(all(53));
    first[0]!.fill(0);
    expect(ascending(lists(plan.minibatches(0)).flat())).toEqual(all(53));
  });

  it("need the position of every pattern", () => {
    const bad = settings({ batching: "uniform", positionsPx: new Float64Array(4) });
    expect(() => createMinibatchPlan(bad)).toThrow("SCHEDULE_POSITIONS");
  });

  it("are refused where their table would not fit memory, unless one minibatch holds everything", () => {
    const large = settings({ count: 9000, batchSize: 5000, batching: "uniform", positionsPx: scatter(9000, 2) });
    expect(() => createMinibatchPlan(large)).toThrow("at most 4096");
    expect(createMinibatchPlan({ ...large, batchSize: 9000 }).maxBatchSize).toBe(9000);
  });

  it("are drawn in reasonable time for 20,000 patterns", () => {
    const count = 20_000;
    const begin = performance.now();
    createMinibatchPlan(settings({ count, batchSize: 96, batching: "uniform", positionsPx: scatter(count, 1) }));
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});
