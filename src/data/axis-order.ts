// Which axis of a pattern stack counts the patterns: decided by stated evidence, refused when two readings fit.

import { InputError } from "../errors.ts";
import type { DataOptions } from "../options.ts";

/** How a 3-D stack is read. */
export interface StackReading {
  readonly order: "nhw" | "hwn";
  readonly count: number;
  readonly heightPx: number;
  readonly widthPx: number;
  /** The evidence, for people. */
  readonly rule: string;
}

/** What else the file says about its patterns. */
export interface StackEvidence {
  readonly coordinateCount: number;
  /** Rows and columns that patterns must have before orientation to match the probe; null when unknown. */
  readonly expectedSizePx: readonly [number, number] | null;
  /** The file's own statement; it is asked only when the shape leaves two readings. */
  readonly declared: "nhw" | "hwn" | null;
}

/**
 * Reads the axes of a stack. Coordinates and probe decide when exactly one reading fits both; otherwise FORMAT-001 (the
 * equal pair of axes is height and width, then the coordinate count, then the longest last axis) names the likely reading,
 * which later checks refuse with the fitting message. Throws DATA_RANK or DATA_AXIS_ORDER.
 */
export function readAxisOrder(
  shape: readonly number[],
  evidence: StackEvidence,
  requested: DataOptions["axisOrder"],
  source: string,
  field: string,
): StackReading {
  if (shape.length !== 3) {
    throw new InputError("DATA_RANK", "the patterns are not a stack", {
      source,
      field,
      expected: "3 axes: (position, y, x)",
      got: `${shape.length} axes: (${shape.join(", ")})`,
      remedy: "Save one pattern per scan position as a 3-D array",
    });
  }
  if (requested !== null) return reading(shape, requested, "as requested with --axis-order");
  const fitting = (["nhw", "hwn"] as const).filter((order) => fits(shape, order, evidence));
  if (fitting.length === 2 && evidence.declared !== null) {
    return reading(shape, evidence.declared, "both orders fit, and axis_canonical in the file's _metadata says which");
  }
  if (fitting.length === 2) {
    throw new InputError("DATA_AXIS_ORDER", "the patterns can be read in two ways", {
      source,
      field,
      expected: "a shape that tells positions from pixels",
      got: `(${shape.join(", ")}) with ${evidence.coordinateCount} coordinates`,
      remedy: "Say which it is with --axis-order nhw (position first) or --axis-order hwn (position last)",
    });
  }
  const only = fitting[0];
  if (only) return reading(shape, only, "the only order that fits the coordinates and the probe");
  return guessOrder(shape, evidence);
}

function reading(shape: readonly number[], order: "nhw" | "hwn", rule: string): StackReading {
  const [first, second, third] = shape as [number, number, number];
  return order === "nhw"
    ? { order, count: first, heightPx: second, widthPx: third, rule }
    : { order, count: third, heightPx: first, widthPx: second, rule };
}

function fits(shape: readonly number[], order: "nhw" | "hwn", evidence: StackEvidence): boolean {
  const { count, heightPx, widthPx } = reading(shape, order, "");
  const expected = evidence.expectedSizePx;
  return count === evidence.coordinateCount && (!expected || (expected[0] === heightPx && expected[1] === widthPx));
}

function guessOrder(shape: readonly number[], evidence: StackEvidence): StackReading {
  const [first, second, third] = shape as [number, number, number];
  const expected = evidence.expectedSizePx;
  const sized = (["nhw", "hwn"] as const).filter((order) => {
    const { heightPx, widthPx } = reading(shape, order, "");
    return expected !== null && heightPx === expected[0] && widthPx === expected[1];
  });
  if (sized.length === 1)
    return reading(shape, sized[0]!, "the only order in which patterns are as large as the probe");
  if ((second === third) !== (first === second)) {
    return reading(shape, second === third ? "nhw" : "hwn", "FORMAT-001: the equal axes are height and width");
  }
  const count = evidence.coordinateCount;
  if ((first === count) !== (third === count)) {
    return reading(shape, first === count ? "nhw" : "hwn", "FORMAT-001: one axis is as long as the coordinates");
  }
  const order = third > Math.max(first, second) ? "hwn" : "nhw";
  return reading(shape, order, "FORMAT-001: the last axis counts positions only when it is the longest");
}
