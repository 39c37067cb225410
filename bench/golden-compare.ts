// How far results are from a golden file's, and the limits they are held to (README of the golden folder, "Comparing").

/** One compared quantity; NaN is what could not be compared, and never within a limit. */
export interface FieldError {
  readonly name: string;
  readonly value: number;
  readonly required: number;
  readonly aim: number;
}

/** What one line of the report compares. */
export interface Row {
  readonly label: string;
  readonly errors: readonly FieldError[];
}

/** One value per checkpoint; positions and OPR weights have one for all. */
export interface Tolerance {
  readonly object: readonly number[];
  readonly probe: readonly number[];
  readonly loss: readonly number[];
  readonly positions_px?: number;
  readonly opr_weights?: number;
}

/** As in manifest.json. */
export interface Tolerances {
  readonly required: Tolerance;
  readonly aim: Tolerance;
}

/** Of what is the same for all checkpoints, when the manifest does not say. */
const ABSOLUTE_REQUIRED = 1e-3;

/** True when every error of every row is within the limit, and there is one; NaN never is. */
export function isWithin(rows: readonly Row[], limit: "required" | "aim"): boolean {
  return rows.length > 0 && rows.every((row) => row.errors.length > 0 && beyondLimit(row, limit).length === 0);
}

/** Names of what is beyond a limit. */
export function beyondLimit(row: Row, limit: "required" | "aim"): string[] {
  return row.errors.filter((error) => !(error.value <= error[limit])).map((error) => error.name);
}

/** Largest difference of a quantity that nothing here changes, with its limits. */
export function constantError(
  name: "positions_px" | "opr_weights",
  label: string,
  actual: (index: number) => number,
  expected: ArrayLike<number>,
  { required, aim }: Tolerances,
): FieldError {
  const differences = Array.from(expected, (value, index) => Math.abs(actual(index) - value));
  const limit = required[name] ?? ABSOLUTE_REQUIRED;
  return { name: label, value: largest(differences), required: limit, aim: aim[name] ?? limit / 10 };
}

/** |a - b| / |b|, or |a| where b is 0. */
export function relativeDifference(actual: number, expected: number): number {
  return Math.abs(actual - expected) / (expected === 0 ? 1 : Math.abs(expected));
}

/**
 * sqrt(sum w |a - b|^2 / sum w |b|^2), or without the denominator where it is 0; NaN when the lengths differ. `weights` of
 * complex pairs repeat for further slices; what has no weight may hold anything.
 */
export function relativeError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  weights: ArrayLike<number> | null = null,
): number {
  if (actual.length !== expected.length || expected.length === 0) return NaN;
  let difference = 0;
  let total = 0;
  for (let index = 0; index < expected.length; index++) {
    const weight = weights ? weights[(index >> 1) % weights.length]! : 1;
    if (weight === 0) continue;
    difference += weight * (actual[index]! - expected[index]!) ** 2;
    total += weight * expected[index]! ** 2;
  }
  return Math.sqrt(total === 0 ? difference : difference / total);
}

/** Maximum that NaN does not hide in. */
export function largest(values: readonly number[]): number {
  return values.reduce((found, value) => (value > found || Number.isNaN(value) ? value : found), 0);
}
