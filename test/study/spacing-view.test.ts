// Views by spacing (v1): the toy grids of the study, the gate, its words and its metrics.
import { describe, expect, test } from "vitest";
import { createGenerator } from "../../src/schedule/random.ts";
import { measureSpacing, selectDirect, selectGreedy, selectSpacingView } from "../../src/study/spacing-view.ts";

/** rows x columns positions (y, x). */
function grid(rows: number, columns: number, pitchPx: number): Float64Array {
  return Float64Array.from({ length: 2 * rows * columns }, (_, i) => {
    const point = i >> 1;
    return pitchPx * (i & 1 ? point % columns : Math.floor(point / columns));
  });
}

function scatter(count: number, sidePx: number, seed: number): Float64Array {
  const generator = createGenerator(seed, 998);
  return Float64Array.from({ length: 2 * count }, () => sidePx * generator.nextUnit());
}

describe("the recorded toy: 6 points at 50 px", () => {
  const view = selectSpacingView(grid(2, 3, 50), 128, "dense", "train", "phase_c/dose_1000/patched_train.npz");

  test("passes dense directly, with the recorded metrics", () => {
    expect(Array.from(view.indices)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(view.metrics).toEqual({
      min_spacing: 50,
      max_spacing: 111.80339887498948,
      mean_spacing: expect.closeTo(70.42996734830653, 12),
      median_spacing: 70.71067811865476,
      threshold: 38.400000000000006,
      n_positions: 6,
      n_accepted: 6,
      n_rejected: 0,
      acceptance_rate: 1,
    });
  });

  test("metadata of the first form", () => {
    expect(view.metadata).toEqual({
      overlap_view: "dense",
      spacing_threshold: 38.400000000000006,
      source_file: "phase_c/dose_1000/patched_train.npz",
      n_accepted: 6,
      n_rejected: 0,
      acceptance_rate: 1,
      selection_strategy: "direct",
    });
  });

  test("fails sparse directly and passes by greedy thinning: two of six", () => {
    // Corners are 100 px apart along x, 50 along y, 111.8 across: the far corner remains beside the first.
    const sparse = selectSpacingView(grid(2, 3, 50), 128, "sparse", "test", "");
    expect(selectDirect(grid(2, 3, 50), 102.4).indices.length).toBe(0);
    expect(Array.from(sparse.indices)).toEqual([0, 5]);
    expect(sparse.metadata).toMatchObject({ selection_strategy: "greedy", spacing_threshold: 102.4 });
  });
});

describe("a 5 x 5 grid and S = 102.4", () => {
  test("at 64 px: none directly, 9 by thinning (every second row and column)", () => {
    expect(selectDirect(grid(5, 5, 64), 102.4).indices.length).toBe(0);
    expect(Array.from(selectGreedy(grid(5, 5, 64), 102.4).indices)).toEqual([0, 2, 4, 10, 12, 14, 20, 22, 24]);
  });

  test("at 32 px: 3 of 25 = 12 % by thinning, which passes the gate", () => {
    const view = selectSpacingView(grid(5, 5, 32), 128, "sparse", "train", "");
    expect(Array.from(view.indices)).toEqual([0, 4, 17]);
    expect(view.metrics).toMatchObject({ n_accepted: 3, n_rejected: 22, acceptance_rate: 0.12 });
    expect(view.metadata.selection_strategy).toBe("greedy");
  });
});

describe("rules", () => {
  test("exactly S apart is far enough; direct looks at all points, kept or not", () => {
    expect(selectDirect(Float64Array.of(0, 0, 0, 10, 0, 19), 10).indices).toEqual(Uint32Array.of(0));
    expect(selectDirect(Float64Array.of(0, 0, 0, 10), 10).indices.length).toBe(2);
    expect(selectGreedy(Float64Array.of(0, 0, 0, 10), 10).indices.length).toBe(2);
  });

  test("greedy goes by y, then x, and gives indices in file order", () => {
    expect(Array.from(selectGreedy(Float64Array.of(5, 0, 0, 8, 0, 1, 5, 9), 6).indices)).toEqual([1, 2]);
  });

  test("greedy agrees with its definition on scattered points", () => {
    const positions = scatter(200, 100, 3);
    const { indices } = selectGreedy(positions, 15);
    const distance = (i: number, j: number) =>
      Math.hypot(positions[2 * i]! - positions[2 * j]!, positions[2 * i + 1]! - positions[2 * j + 1]!);
    const kept = Array.from(indices);
    for (const i of kept) for (const j of kept) if (i !== j) expect(distance(i, j)).toBeGreaterThanOrEqual(15);
    // Nothing that was dropped could have been kept when its turn came.
    const before = (i: number, j: number) =>
      positions[2 * i]! < positions[2 * j]! ||
      (positions[2 * i] === positions[2 * j] && positions[2 * i + 1]! < positions[2 * j + 1]!);
    for (let i = 0; i < 200; i++) {
      if (!kept.includes(i)) expect(kept.some((j) => before(j, i) && distance(i, j) < 15)).toBe(true);
    }
  });

  test("one point passes, none stays none", () => {
    expect(selectGreedy(Float64Array.of(3, 4), 10).indices).toEqual(Uint32Array.of(0));
    expect(selectGreedy(new Float64Array(), 10).indices.length).toBe(0);
    expect(measureSpacing(Float64Array.of(3, 4))).toEqual({
      min_spacing: null,
      max_spacing: null,
      mean_spacing: null,
      median_spacing: null,
    });
  });

  test("the gate's words begin as the original's, with the counts and a way out", () => {
    const crowd = scatter(300, 40, 5);
    expect(() => selectSpacingView(crowd, 128, "sparse", "test", "")).toThrow(
      /^Insufficient positions meet spacing threshold for sparse view in test split even after greedy downsampling \(expected at least 10 % of 300 positions 102.4 px apart, got 1 \(direct 0\)\)\. Use --view-rule v2 \[STUDY_SPACING\]$/,
    );
  });

  test("9 of 100 fail, 10 of 100 pass", () => {
    const withFar = (far: number) =>
      Float64Array.from({ length: 200 }, (_, i) => (i & 1 ? 0 : i >> 1 < far ? 1000 * ((i >> 1) + 1) : 0));
    // The crowd at one place adds one more.
    expect(() => selectSpacingView(withFar(8), 128, "dense", "train", "")).toThrow("STUDY_SPACING");
    expect(selectSpacingView(withFar(9), 128, "dense", "train", "").indices.length).toBe(10);
    expect(selectSpacingView(withFar(10), 128, "dense", "train", "").metadata.selection_strategy).toBe("direct");
  });
});
