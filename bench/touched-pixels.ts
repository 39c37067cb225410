// How much of the object a minibatch touches.

import type { LsqmlProblem } from "../src/index.ts";

/** Canvas pixels under at least one of the given patterns. */
export function countTouchedPixels(problem: LsqmlProblem, indices: Iterable<number>): number {
  const [, rows, columns] = problem.object.shape as [number, number, number];
  const { heightPx, widthPx } = problem.patterns;
  const touched = new Uint8Array(rows * columns);
  for (const index of indices) {
    const place = (axis: number, length: number) =>
      Math.round(problem.positionsPx[2 * index + axis]! + problem.originPx[axis]! - length / 2);
    const [top, left] = [place(0, heightPx), place(1, widthPx)];
    for (let y = Math.max(0, top); y < Math.min(rows, top + heightPx); y++)
      touched.fill(1, y * columns + Math.max(0, left), y * columns + Math.min(columns, left + widthPx));
  }
  let count = 0;
  for (const mark of touched) count += mark;
  return count;
}
