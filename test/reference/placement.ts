// Where patches lie, and reading and writing them (conventions.md section 5), written from the text alone.

import type { Plane, Shape } from "./planes.ts";

/** Nearest integer, halves to even. */
export function roundHalfToEven(value: number): number {
  const nearest = Math.round(value);
  const isHalf = Math.abs(value - Math.trunc(value)) === 0.5;
  return (isHalf ? 2 * Math.round(value / 2) : nearest) + 0; // never -0
}

export interface ReferencePlacement {
  /** (y, x) of the first object pixel. */
  readonly start: readonly [number, number];
  /** (y, x) sub-pixel part, in [-0.5, 0.5]. */
  readonly fraction: readonly [number, number];
}

/** Placement of every position; positions are float32 before they are rounded (conventions.md section 2). */
export function placeAll(
  positionsPx: ArrayLike<number>,
  originPx: readonly [number, number],
  frame: Shape,
): ReferencePlacement[] {
  return Array.from({ length: positionsPx.length / 2 }, (_, j) => {
    const position = [0, 1].map((axis) => Math.fround(positionsPx[2 * j + axis]!));
    const whole = position.map(roundHalfToEven);
    const pair = (values: number[]) => [values[0]!, values[1]!] as const;
    return {
      start: pair(whole.map((q, axis) => roundHalfToEven(q + originPx[axis]! - (frame[axis]! - 1) / 2))),
      fraction: pair(whole.map((q, axis) => position[axis]! - q)),
    };
  });
}

/** Patch of the object; outside the canvas its border is repeated. */
export function readPatch(object: Plane, canvas: Shape, start: readonly [number, number], frame: Shape): Plane {
  const patch = new Float64Array(2 * frame[0] * frame[1]);
  for (let y = 0; y < frame[0]; y++) {
    for (let x = 0; x < frame[1]; x++) {
      const row = Math.min(canvas[0] - 1, Math.max(0, start[0] + y));
      const column = Math.min(canvas[1] - 1, Math.max(0, start[1] + x));
      patch[2 * (y * frame[1] + x)] = object[2 * (row * canvas[1] + column)]!;
      patch[2 * (y * frame[1] + x) + 1] = object[2 * (row * canvas[1] + column) + 1]!;
    }
  }
  return patch;
}

/** Adds a patch to an array on the canvas; what lies outside is dropped. `parts`: 2 for complex arrays, 1 for real. */
export function placePatch(
  target: Float64Array,
  canvas: Shape,
  start: readonly [number, number],
  patch: Float64Array,
  frame: Shape,
  parts: 1 | 2,
): void {
  for (let y = 0; y < frame[0]; y++) {
    for (let x = 0; x < frame[1]; x++) {
      const row = start[0] + y;
      const column = start[1] + x;
      if (row < 0 || column < 0 || row >= canvas[0] || column >= canvas[1]) continue;
      for (let part = 0; part < parts; part++)
        target[parts * (row * canvas[1] + column) + part]! += patch[parts * (y * frame[1] + x) + part]!;
    }
  }
}

/** Canvas pixels [y, x] of the region of interest: trunc(min + c) ... trunc(max + c) - 1 along each axis. */
export function listRegionPixels(
  positionsPx: ArrayLike<number>,
  originPx: readonly [number, number],
  canvas: Shape,
): number[] {
  const bounds = [0, 1].map((axis) => {
    const values = Array.from(positionsPx)
      .filter((_, index) => index % 2 === axis)
      .map(Math.fround);
    return [Math.trunc(Math.min(...values) + originPx[axis]!), Math.trunc(Math.max(...values) + originPx[axis]!)];
  });
  const pixels: number[] = [];
  for (let row = 0; row < canvas[0]; row++) {
    for (let column = 0; column < canvas[1]; column++) {
      const inside = [row, column].every((place, axis) => place >= bounds[axis]![0]! && place < bounds[axis]![1]!);
      if (inside) pixels.push(row * canvas[1] + column);
    }
  }
  return pixels;
}
