// The canvas: sizes, origins by named rule, the identity between data and canvas coordinates, the first object.
import { describe, expect, test } from "vitest";
import type { ComplexArray } from "../../src/complex.ts";
import { type Canvas, layOutCanvas, makeInitialObject } from "../../src/engine/canvas.ts";
import { OptionsError } from "../../src/errors.ts";
import { parseOptions, type ReconstructOptionsInput } from "../../src/options.ts";
import { noise } from "../support/closeness.ts";

type CanvasInput = NonNullable<ReconstructOptionsInput["canvas"]>;
const lay = (positions: ArrayLike<number>, frame: [number, number], canvas: CanvasInput = {}): Canvas =>
  layOutCanvas(positions, frame, parseOptions({ canvas }).canvas);
const codes = (canvas: Canvas) => canvas.notes.map((note) => note.code);

/** `count` positions around (y, x) = corner, on multiples of 1/1024. */
function scatter(count: number, corner: [number, number], seed: number, widthPx = 30): Float64Array {
  return Float64Array.from(
    noise(2 * count, seed),
    (value, k) => corner[k % 2]! + Math.round(1024 * widthPx * value) / 1024,
  );
}

/** What has to hold for every canvas. */
function expectIdentities(canvas: Canvas, data: ArrayLike<number>, frame: [number, number]): void {
  const { canvasOriginPx, positionsPx, placement } = canvas;
  expect(canvasOriginPx.every(Number.isInteger)).toBe(true);
  for (let k = 0; k < data.length; k++) {
    const axis = k % 2;
    expect(positionsPx[k]).toBe(data[k]! - canvasOriginPx[axis]!);
    const point = placement.startIndicesPx[k]! + Math.floor(frame[axis]! / 2) + placement.fractionsPx[k]!;
    expect(Math.abs(point - positionsPx[k]!)).toBeLessThan(1e-5);
    expect(Math.abs(placement.fractionsPx[k]!)).toBeLessThanOrEqual(0.5);
  }
}

const frames: [number, number][] = [
  [16, 16],
  [16, 24],
  [9, 15],
  [15, 8],
  [1, 2],
];
const variants: [string, CanvasInput][] = [
  ["support", {}],
  ["support before 2.1", { halfPixel: "ptychi-before-2.1" }],
  ["positions", { originRule: "positions" }],
  ["positions before 2.1", { originRule: "positions", halfPixel: "ptychi-before-2.1" }],
  ["own shape", { shapePx: [61, 74] }],
  ["too small", { shapePx: [20, 21] }],
];

for (const [name, input] of variants) {
  test(`data and canvas coordinates differ by the canvas origin: ${name}`, () => {
    for (const [index, frame] of frames.entries()) {
      for (const corner of [
        [0, 0],
        [400, -75],
        [10000.5, 3],
      ] as [number, number][]) {
        const data = scatter(40, corner, 3 + index);
        expectIdentities(lay(data, frame, input), data, frame);
      }
    }
  });
}

describe("size", () => {
  test("ceil(range) + pattern + extra", () => {
    const data = [10, 20, 17.25, 20, 12, 26];
    expect(lay(data, [16, 24]).shape).toEqual([8 + 16 + 50, 6 + 24 + 50]);
    expect(lay(data, [16, 24], { extraPx: 3 }).shape).toEqual([27, 33]);
    expect(lay(data, [16, 24], { shapePx: [90, 91] }).shape).toEqual([90, 91]);
  });

  test("every patch fits from two extra pixels on, for both centring rules", () => {
    for (let seed = 1; seed < 200; seed++) {
      const data = scatter(5, [100 + seed / 3, -40], seed, 1 + (seed % 20));
      const frame: [number, number] = [8 + (seed % 9), 16 - (seed % 7)];
      for (const originRule of ["support", "positions"] as const) {
        expect(codes(lay(data, frame, { extraPx: 2, originRule }))).not.toContain("CANVAS_SMALL");
      }
    }
  });

  test("patches beyond the canvas are counted", () => {
    const canvas = lay([0, 0, 0, 10, 10, 0, 10, 10], [16, 16], { shapePx: [26, 20] });
    expect(codes(canvas)).toEqual(["CANVAS_SMALL"]);
    expect(canvas.notes[0]!.message).toMatch(/^4 patterns .* 26 x 20 px.*Raise --canvas-shape$/);
    expect(codes(lay([0, 0, 0, 10, 10, 0, 10, 10], [16, 16], { shapePx: [26, 26] }))).toEqual([]);
  });
});

test("too small a canvas: the advice is about the flag that chose it", () => {
  const data = [0, 0, 0, 10, 10, 0, 10, 30];
  const advice = (canvas: CanvasInput) => lay(data, [16, 16], canvas).notes[0]!.message.split(". ").at(-1);
  expect(advice({ extraPx: 0, originRule: "specified", originPx: [0.5, 7.5] })).toBe(
    "Raise --canvas-extra or move --canvas-origin",
  );
  expect(advice({ shapePx: [20, 20] })).toBe("Raise --canvas-shape");
  expect(advice({ shapePx: [40, 60], originRule: "specified", originPx: [0.5, 7.5] })).toBe(
    "Raise --canvas-shape or move --canvas-origin",
  );
});

test("a scan has the same canvas wherever its coordinates begin", () => {
  const data = scatter(30, [0, 0], 5).map((value, k) => (k < 4 ? [0, 0, 30.25, 30.25][k]! : value));
  const here = lay(data, [16, 16]);
  for (const offset of [-12, 40_000, 30_000_000]) {
    const there = lay(
      data.map((value) => value + offset),
      [16, 16],
    );
    expect(there.shape).toEqual(here.shape);
    expect(Array.from(there.placement.startIndicesPx)).toEqual(Array.from(here.placement.startIndicesPx));
    expect(there.canvasOriginPx).toEqual(here.canvasOriginPx.map((value) => value + offset));
  }
});

describe("origin", () => {
  const data = scatter(20, [40, 50], 4);

  test("the rule before 2.1 moves everything by exactly one pixel", () => {
    for (const originRule of ["support", "positions"] as const) {
      for (const frame of [
        [16, 16],
        [9, 16],
        [9, 15],
      ] as [number, number][]) {
        const now = lay(data, frame, { originRule });
        const before = lay(data, frame, { originRule, halfPixel: "ptychi-before-2.1" });
        expect(Array.from(before.placement.startIndicesPx)).toEqual(
          Array.from(now.placement.startIndicesPx, (start) => start + 1),
        );
        expect(Array.from(before.placement.fractionsPx)).toEqual(Array.from(now.placement.fractionsPx));
        expect(before.canvasOriginPx).toEqual(now.canvasOriginPx.map((value) => value - 1));
      }
    }
  });

  test("support puts the middle of the scan on the middle of the canvas", () => {
    const canvas = lay([40, 50, 60, 80], [16, 16], { shapePx: [80, 90] });
    expect(Array.from(canvas.centredPx)).toEqual([-10, -15, 10, 15]);
    expect(canvas.originPx).toEqual([39.5, 44.5]);
    expect(Array.from(canvas.positionsPx)).toEqual([30, 30, 50, 60]);
    expect(canvas.canvasOriginPx).toEqual([10, 20]);
  });

  test("specified: where data position (0, 0) lies", () => {
    const input: CanvasInput = { originRule: "specified", originPx: [19.5, 7.5], shapePx: [120, 120] };
    const canvas = lay(data, [16, 16], input);
    expectIdentities(canvas, data, [16, 16]);
    expect(canvas.canvasOriginPx).toEqual([-20, -8]);
    expect(canvas.originPx).toEqual([19.5, 7.5]);
    expect(Array.from(canvas.centredPx)).toEqual(Array.from(data));
    const odd = lay(data, [15, 9], { ...input, originPx: [20, 8] });
    expectIdentities(odd, data, [15, 9]);
    expect(odd.canvasOriginPx).toEqual([-20, -8]);
  });

  test("specified without an origin, or with one between pixels, is refused", () => {
    const refusal = (frame: [number, number], input: CanvasInput) => {
      try {
        lay(data, frame, { originRule: "specified", ...input });
      } catch (error) {
        return error as OptionsError;
      }
      throw new Error("not refused");
    };
    expect(refusal([16, 16], {})).toMatchObject({ code: "OPTIONS_CONFLICT", details: { field: "canvas.originPx" } });
    for (const [frame, originPx] of [
      [
        [16, 16],
        [20, 7.5],
      ],
      [
        [16, 16],
        [19.5, -8],
      ],
      [
        [15, 16],
        [19.5, 7.5],
      ],
    ] as [[number, number], [number, number]][]) {
      const error = refusal(frame, { originPx });
      expect(error).toBeInstanceOf(OptionsError);
      expect(error).toMatchObject({ code: "CANVAS_ORIGIN", exitCode: 78 });
    }
  });

  test("odd patterns are noted axis by axis and start exactly", () => {
    expect(codes(lay(data, [9, 15]))).toEqual(["ODD_SIZE", "ODD_SIZE"]);
    expect(codes(lay(data, [16, 15]))).toEqual(["ODD_SIZE"]);
    expect(codes(lay(data, [16, 16]))).toEqual([]);
    const whole = [0, 0, 1, 1, 2, 2, 3, 3];
    const { startIndicesPx } = lay(whole, [9, 15]).placement;
    expect(Array.from(startIndicesPx, (start, k) => start - startIndicesPx[k % 2]!)).toEqual(whole);
  });
});

describe("first object", () => {
  const data = [30, 40, 42.5, 47.25];

  test("flat: ones everywhere", () => {
    const canvas = lay(data, [8, 8]);
    const { object, notes } = makeInitialObject("flat", null, canvas);
    expect(object.shape).toEqual([1, ...canvas.shape]);
    expect(object.data.every((value, k) => value === (k % 2 === 0 ? 1 : 0))).toBe(true);
    expect(notes).toEqual([]);
  });

  test("file: pixel (y, x) of the guess lies where the data say", () => {
    const guess = numberedGuess(60, 55);
    const canvas = lay(data, [8, 8], { extraPx: 4 });
    const { object, notes } = makeInitialObject("file", guess, canvas);
    expect(notes).toEqual([]);
    for (let j = 0; j < 2; j++) {
      // the pixel under the middle of the pattern, in the data's and in the canvas' coordinates
      const [y, x] = [0, 1].map((axis) => Math.floor(canvas.positionsPx[2 * j + axis]!)) as [number, number];
      const [dataY, dataX] = [0, 1].map((axis) => Math.floor(data[2 * j + axis]!)) as [number, number];
      expect(object.data[2 * (y * canvas.shape[1] + x)]).toBe(1000 + dataY);
      expect(object.data[2 * (y * canvas.shape[1] + x) + 1]).toBe(dataX);
    }
  });

  test("file: ones where the guess does not reach", () => {
    const guess = numberedGuess(34, 60);
    const canvas = lay(data, [8, 8], { extraPx: 40 });
    const { object } = makeInitialObject("file", guess, canvas);
    const [top, left] = canvas.canvasOriginPx;
    for (let y = 0; y < canvas.shape[0]; y++) {
      for (let x = 0; x < canvas.shape[1]; x++) {
        const inside = y + top >= 0 && y + top < 34 && x + left >= 0 && x + left < 60;
        const place = 2 * (y * canvas.shape[1] + x);
        expect(object.data[place]).toBe(inside ? 1000 + y + top : 1);
        expect(object.data[place + 1]).toBe(inside ? x + left : 0);
      }
    }
  });

  test("file: a guess that does not reach the scan is noted, a missing one refused", () => {
    const far = lay([500, 500, 510, 510], [8, 8]);
    const { object, notes } = makeInitialObject("file", numberedGuess(60, 55), far);
    expect(notes.map((note) => note.code)).toEqual(["GUESS_ELSEWHERE"]);
    expect(object.data.every((value, k) => value === (k % 2 === 0 ? 1 : 0))).toBe(true);
    expect(() => makeInitialObject("file", null, far)).toThrow(OptionsError);
  });
});

/** [1, y, x] with the value (1000 + y) + i x at (y, x). */
function numberedGuess(rows: number, columns: number): ComplexArray {
  const data = new Float32Array(2 * rows * columns);
  for (let pixel = 0; pixel < rows * columns; pixel++)
    data.set([1000 + Math.floor(pixel / columns), pixel % columns], 2 * pixel);
  return { shape: [1, rows, columns], data };
}
