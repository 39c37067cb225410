// Medians and spreads of repeated measurements, and ratios pair by pair.

/** Of at least one value. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle value; the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Null of nothing: what was not measured is unknown. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Of theirs[k] / ours[k]: each turn against the turn beside it, so that drift of the machine cancels. */
export function pairRatios(theirs: readonly number[], ours: readonly number[]): Spread | null {
  if (theirs.length !== ours.length) throw new RangeError(`${theirs.length} turns against ${ours.length}`);
  return spreadOf(theirs.map((value, turn) => value / ours[turn]!));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
