// How a 1-D transform is laid out over invocations: what the generated WGSL and its callers have to agree on.

/** Callbacks that a kernel gives to its transform; what each must declare is listed in line-transform.ts. */
export type LineKind = "forward" | "inverse" | "inverse-forward" | "forward-inverse" | "forward-sum";

export interface LineShape {
  readonly kind: LineKind;
  /** Samples of a line. */
  readonly length: number;
  /** At least two, their product is `length`. */
  readonly radices: readonly number[];
  /** Rows: samples of a line are neighbours in memory. Columns: lines are. */
  readonly axis: "row" | "column";
  readonly linesPerPlane: number;
  /** Invocations that share a line; 1 needs no barriers, nor do lanes of a subgroup. */
  readonly threads: number;
  /** The invocations of a line are neighbours in a subgroup and exchange samples by shuffles (line-lanes.ts). */
  readonly inSubgroup: boolean;
  /** Lines of a workgroup. */
  readonly lines: number;
  /** One invocation per line: true = butterflies written out, with the line in registers; false = loops over butterflies. */
  readonly unrolled: boolean;
  /** Written-out butterflies: true = memory is read and written in loops, which some compilers digest much faster. */
  readonly loopedMemory: boolean;
  /** Probe modes whose lines are transformed together (forward-inverse). */
  readonly modes: number;
  /** Patterns whose transforms one invocation adds (forward-sum). */
  readonly terms: number;
}

const SHORTEST = 8;

/** Radices of a line, largest first; null when `length` is below 8 or has a prime factor above 5. */
export function factorLength(length: number): number[] | null {
  if (length < SHORTEST) return null;
  const radices: number[] = [];
  let rest = length;
  for (const prime of [5, 3]) {
    while (rest % prime === 0) {
      radices.push(prime);
      rest /= prime;
    }
  }
  let exponent = Math.log2(rest);
  if (!Number.isInteger(exponent)) return null;
  // powers of two in even shares: 2^7 = 16 * 8, 2^9 = 8 * 8 * 8; always two stages at least
  const stages = Math.max(Math.ceil(exponent / 4), 2 - radices.length, 0);
  for (let left = stages; left > 0; left--) {
    const share = Math.ceil(exponent / left);
    if (share > 0) radices.push(2 ** share);
    exponent -= share;
  }
  return radices.sort((a, b) => b - a);
}

/** Samples of one line in the exchange array; a row's get a gap per last butterfly, against bank conflicts. */
export function linePitch({ length, radices, threads, axis }: LineShape): number {
  return threads === 1 || axis === "column" ? length : length + length / radices.at(-1)!;
}

/** Lines that an invocation's share of the exchange array holds: one per mode, unless modes go through it in turn. */
export function exchangeCopies({ threads, modes }: LineShape): number {
  return threads > 1 ? 1 : modes;
}

/** Bytes of workgroup memory that the shape takes: its lines, and at the detector a sum per invocation. */
export function workgroupBytes(shape: LineShape): number {
  if (shape.threads === 1 || shape.inSubgroup) return 0;
  const sums = shape.kind === "forward-inverse" ? shape.threads * shape.lines : 0;
  return 8 * (linePitch(shape) * shape.lines + sums);
}

/** Workgroups for `lineCount` lines. */
export function workgroupsFor(shape: LineShape, lineCount: number): number {
  return Math.ceil(lineCount / shape.lines);
}

/** Sums that the lines of a plane leave at the detector. */
export function sumsPerPlane({ linesPerPlane, threads, lines, inSubgroup }: LineShape): number {
  return threads > 1 && !inSubgroup ? linesPerPlane / lines : linesPerPlane;
}
