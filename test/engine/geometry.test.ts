// Rounding, starts, origins and the region of interest against conventions.md section 5 and a second implementation.
import { describe, expect, test } from "vitest";
import { axisRange, computeOrigin, findRegion, placePatterns, roundHalfEven } from "../../src/engine/geometry.ts";
import { listRegionPixels, placeAll } from "../reference/placement.ts";
import { noise } from "../support/closeness.ts";

const startsOf = (positions: number[], origin: number, frame: number) =>
  Array.from(
    placePatterns(
      positions.flatMap((p) => [p, 0]),
      [origin, 0.5],
      [frame, frame],
    ).startIndicesPx,
  ).filter((_, index) => index % 2 === 0);

test("halves round to even", () => {
  const values = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999999999999994, 3.2, -3.2, 7, -7, 1e15 + 0.5];
  const expected = [0, 2, 2, 0, -2, -2, 0, 3, -3, 7, -7, 1e15];
  expect(values.map((value) => roundHalfEven(value) + 0 /* not -0 */)).toEqual(expected);
});

describe("starts", () => {
  const positions = [0.5, 1.5, 2.5, -0.5, -1.5, 3.2, -3.2];

  test("checked values for canvases of 100, 101 and 103 rows and patterns of 32", () => {
    for (const [rows, starts] of [
      [100, [34, 36, 36, 34, 32, 37, 31]],
      [101, [34, 36, 36, 34, 32, 37, 31]],
      [103, [36, 38, 38, 36, 34, 39, 33]],
    ] as [number, number[]][]) {
      const [origin] = computeOrigin("support", "ptychi", [rows, rows], [0, 0]);
      expect(startsOf(positions, origin, 32)).toEqual(starts);
    }
  });

  test("odd patterns: pty-chi's parity rule", () => {
    const [origin] = computeOrigin("support", "ptychi", [100, 100], [0, 0]);
    expect(startsOf([0, 1, 2, 3, -1, -2, -3], origin, 33)).toEqual([34, 34, 36, 36, 32, 32, 30]);
  });

  test("fractions jump from +1/2 to -1/2 at half-integers", () => {
    const { fractionsPx } = placePatterns([0.5, 1.5, -0.5, -1.5, 2.5, 0.25], [49.5, 49.5], [32, 32]);
    expect(Array.from(fractionsPx)).toEqual([0.5, -0.5, -0.5, 0.5, 0.5, 0.25]);
  });

  test("positions become float32 before they are rounded", () => {
    const { startIndicesPx, fractionsPx } = placePatterns([12.4999999999, 13.4999999999], [49.5, 49.5], [32, 32]);
    expect(Array.from(startIndicesPx)).toEqual([46, 48]);
    expect(Array.from(fractionsPx)).toEqual([0.5, -0.5]);
  });

  test("thousands of positions as the reference places them", () => {
    const positions = Float64Array.from(noise(4000, 5), (value, k) =>
      k % 7 === 0 ? Math.round(200 * value) / 2 + 0 : 200 * value,
    );
    for (const [origin, frame] of [
      [
        [49.5, 51.5],
        [32, 48],
      ],
      [
        [50, 50],
        [33, 9],
      ],
      [
        [49.5, 50.5],
        [33, 15],
      ],
      [
        [12.25, -3.75],
        [16, 16],
      ],
    ] as [[number, number], [number, number]][]) {
      const { startIndicesPx, fractionsPx } = placePatterns(positions, origin, frame);
      const reference = placeAll(positions, origin, frame);
      expect(Array.from(startIndicesPx)).toEqual(reference.flatMap(({ start }) => start));
      expect(Array.from(fractionsPx)).toEqual(reference.flatMap(({ fraction }) => fraction.map(Math.fround)));
    }
  });
});

describe("origin", () => {
  test("support and positions, both half-pixel rules", () => {
    const positions = [-3, 4, 8, 20];
    expect(computeOrigin("support", "ptychi", [100, 101], positions)).toEqual([49.5, 49.5]);
    expect(computeOrigin("support", "ptychi", [103, 102], positions)).toEqual([51.5, 50.5]);
    expect(computeOrigin("support", "ptychi-before-2.1", [100, 103], positions)).toEqual([50.5, 52.5]);
    // 100 / 2 - 5 / 2 = 47.5 and 101 / 2 - 24 / 2 = 38.5, halves to even
    expect(computeOrigin("positions", "ptychi", [100, 101], positions)).toEqual([47.5, 37.5]);
    expect(computeOrigin("positions", "ptychi-before-2.1", [100, 101], positions)).toEqual([48.5, 38.5]);
  });

  test("ranges are exact; only pty-chi's own rules round them to float32", () => {
    expect(axisRange([0.1, 5, -0.1, 7], 0)).toEqual([-0.1, 0.1]);
    expect(axisRange([0.1, 5, -0.1, 7], 1)).toEqual([5, 7]);
  });
});

describe("region of interest", () => {
  const pixelsOf = (positions: number[], origin: [number, number], canvas: [number, number]) => {
    const region = findRegion(positions, origin, canvas);
    if (!region) return [];
    return Array.from({ length: region.rows * region.columns }, (_, k) => {
      const row = region.top + Math.floor(k / region.columns);
      return row * canvas[1] + region.left + (k % region.columns);
    });
  };

  test("the same pixels as in the reference", () => {
    const random = noise(600, 9);
    for (let k = 0; k < 100; k++) {
      const positions = Array.from(random.subarray(6 * k, 6 * k + 6), (value) => 50 * value);
      const canvas: [number, number] = [40 + (k % 5), 37 + (k % 3)];
      const origin: [number, number] = [19.5 + (k % 2), 18.5];
      expect(pixelsOf(positions, origin, canvas)).toEqual(listRegionPixels(positions, origin, canvas));
    }
  });

  test("ends are truncated, the last row and column excluded", () => {
    expect(findRegion([-3.2, -2, 4.4, 5], [20.5, 20.5], [40, 40])).toEqual({ top: 17, left: 18, rows: 7, columns: 7 });
  });

  test("empty for one point, one row, one column", () => {
    expect(findRegion([1, 2], [20.5, 20.5], [40, 40])).toBeNull();
    expect(findRegion([1, 2, 1, 9], [20.5, 20.5], [40, 40])).toBeNull();
    expect(findRegion([1, 2, 8, 2], [20.5, 20.5], [40, 40])).toBeNull();
  });
});
