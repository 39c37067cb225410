import { expect, test } from "vitest";
import { chooseRows, isDefaultRow, listRows, planEpochs, quickRow } from "../../bench/compare-rows.ts";

const gpu = listRows(false);
const software = listRows(true);
const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

test("the targets' rows are the targets' work", () => {
  const work = (target: string) =>
    chooseRows(gpu, [target]).map((row) => ({ ...row, id: undefined, targets: undefined, kind: undefined }));
  const given = { noise: "gaussian", batch: 96, computeOnly: false };
  expect(work("H1")).toEqual([{ size: 64, modes: 1, patterns: 2000, ...given }]);
  expect(work("H2")).toEqual([{ size: 128, modes: 1, patterns: 2000, ...given }]);
  expect(work("H3")).toEqual([{ size: 128, modes: 4, patterns: 2000, ...given }]);
  expect(work("H4")).toEqual([{ size: 256, modes: 4, patterns: 1000, ...given }]);
  expect(work("H5")).toEqual([{ size: 256, modes: 1, patterns: 4096, ...given, batch: 512, computeOnly: true }]);
  expect(ids(chooseRows(gpu, ["H8"]))).toEqual(["image-stored", "image-deflated"]);
  expect(ids(chooseRows(software, ["h11"]))).toEqual([
    "n64-m1-b96-gaussian",
    "n128-m1-b96-gaussian",
    "n256-m1-b96-gaussian",
  ]);
});

test("names are taken up to a hyphen; what fits no row is named", () => {
  expect(ids(chooseRows(gpu, ["n64-m1-b96"]))).toEqual(["n64-m1-b96-gaussian", "n64-m1-b96-poisson"]);
  expect(chooseRows(gpu, ["n64"])).toHaveLength(8);
  expect(() => chooseRows(gpu, ["n6", "H1"])).toThrow(/no row n6\./);
  expect(new Set(ids(gpu)).size).toBe(gpu.length);
});

test("a processor gets the reduced set: 256 only with one mode and 500 patterns", () => {
  const chosen = software.filter((row) => isDefaultRow(row, true));
  const large = chosen.filter(({ size }) => size === 256);
  expect(large).toMatchObject([{ id: "n256-m1-b96-gaussian", patterns: 500 }]);
  for (const row of ["n64-m1", "n64-m4", "n128-m1", "n128-m4"]) expect(ids(chosen)).toContain(`${row}-b96-gaussian`);
  expect(ids(chosen).some((id) => id.includes("image"))).toBe(false);
  expect(gpu.every((row) => isDefaultRow(row, false))).toBe(true);
  expect(quickRow.patterns).toBeLessThan(500);
});

test("steady epochs neither rebuild the map nor cross a tenth, and every epoch has its turn", () => {
  for (const [turns, perTurn] of [
    [3, 1],
    [7, 3],
    [2, 9],
    [12, 1],
    [5, 4],
  ] as const) {
    const plan = planEpochs(turns, perTurn, true);
    const run = [plan.warmUp, plan.untimed, ...plan.turns.flatMap(({ before, timed }) => [before, timed])];
    const timed = plan.turns.flatMap(({ timed: { first, count } }) =>
      Array.from({ length: count }, (_, k) => first + k),
    );
    expect(timed).toHaveLength(turns * perTurn);
    expect(
      timed.every((epoch) => epoch > 10 && epoch % 10 !== 0),
      `${timed}`,
    ).toBe(true);
    // epoch 2 belongs to the gate
    const all = run.flatMap(({ first, count }) => Array.from({ length: count }, (_, k) => first + k));
    expect([...all, 2].sort((a, b) => a - b)).toEqual(Array.from({ length: plan.total }, (_, epoch) => epoch));
  }
  expect(planEpochs(3, 1, false).turns.map(({ timed }) => timed.first)).toEqual([3, 4, 5]);
  expect(() => planEpochs(1, 10, true)).toThrow(RangeError);
});
