// What choosing a view of a split gives, whichever rule chose it.

/** A chosen view: which patterns, and what is said about the choice. */
export interface ViewSelection {
  /** Patterns of the split that the view keeps, ascending. */
  readonly indices: Uint32Array;
  /** The metrics file of the split: numbers, null where there is nothing to measure. */
  readonly metrics: Readonly<Record<string, number | string | null>>;
  /** Members of `_metadata`'s top level. */
  readonly metadata: Readonly<Record<string, number | string | null>>;
  /** More about the choice, for the record of the step. */
  readonly parameters: Readonly<Record<string, number | string | null>>;
}

/** Distance squared between positions i and j of positionsPx [position, 2]. */
export function squaredDistance(positionsPx: Float64Array, i: number, j: number): number {
  const dy = positionsPx[2 * i]! - positionsPx[2 * j]!;
  const dx = positionsPx[2 * i + 1]! - positionsPx[2 * j + 1]!;
  return dy * dy + dx * dx;
}
