// Statistics of repeated timings: what a table shows of a handful of runs.

/** Seconds of several runs of the same work. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Middle value, mean of the two middle ones for an even count; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median, smallest and largest of at least one value. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Null of nothing: what was not measured is unknown. */
export function spreadOrNull(values: readonly number[]): Spread | null {
  return values.length === 0 ? null : spread(values);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Ratios a[k] / b[k] of runs made in turn, so that drift of the machine cancels. */
export function pairRatios(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.min(a.length, b.length) }, (_, k) => a[k]! / b[k]!);
}

/** Largest number that divides all differences of neighbours; null when nothing differs. */
export function commonStep(stamps: readonly bigint[]): bigint | null {
  let step = 0n;
  for (let k = 1; k < stamps.length; k++) {
    let [a, b] = [step, stamps[k]! - stamps[k - 1]!];
    if (b < 0n) b = -b;
    while (b > 0n) [a, b] = [b, a % b];
    step = a;
  }
  return step === 0n ? null : step;
}

/** Least-squares line through points, weighted so that relative errors count: y = offset + slope x. */
export function fitLine(
  points: readonly { readonly x: number; readonly y: number }[],
): { readonly offset: number; readonly slope: number } | null {
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0];
  for (const { x, y } of points) {
    const weight = 1 / (y * y);
    w += weight;
    wx += weight * x;
    wy += weight * y;
    wxx += weight * x * x;
    wxy += weight * x * y;
  }
  const determinant = w * wxx - wx * wx;
  if (points.length < 2 || !(Math.abs(determinant) > 1e-12 * w * wxx)) return null;
  const slope = (w * wxy - wx * wy) / determinant;
  return { offset: (wy - slope * wx) / w, slope };
}
