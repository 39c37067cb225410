// Turns of patterns and positions that facilities need. Turning a pattern only changes strides; no sample moves.

import type { DataOptions } from "../options.ts";
import type { PatternLayout } from "./dataset.ts";

/** A pattern's rows, columns and where its pixels lie. */
export interface OrientedPattern {
  readonly heightPx: number;
  readonly widthPx: number;
  readonly layout: PatternLayout;
}

/**
 * Turns a pattern. Names mean what NumPy means: flip-y = a[::-1], flip-x = a[:, ::-1], transpose = a.T, rotate-90 =
 * rot90(a) (counter-clockwise), rotate-180 = rot90(a, 2), rotate-270 = rot90(a, 3), anti-transpose = rot90(a, 2).T.
 */
export function orientPattern(orientation: DataOptions["patternOrientation"], from: OrientedPattern): OrientedPattern {
  const { heightPx, widthPx } = from;
  const { offset, rowStride, columnStride } = from.layout;
  const lastRow = (heightPx - 1) * rowStride;
  const lastColumn = (widthPx - 1) * columnStride;
  const kept = (start: number, row: number, column: number): OrientedPattern => ({
    heightPx,
    widthPx,
    layout: { offset: offset + start, rowStride: row, columnStride: column },
  });
  const turned = (start: number, row: number, column: number): OrientedPattern => ({
    heightPx: widthPx,
    widthPx: heightPx,
    layout: { offset: offset + start, rowStride: row, columnStride: column },
  });
  switch (orientation) {
    case "none":
      return from;
    case "flip-y":
      return kept(lastRow, -rowStride, columnStride);
    case "flip-x":
      return kept(lastColumn, rowStride, -columnStride);
    case "rotate-180":
      return kept(lastRow + lastColumn, -rowStride, -columnStride);
    case "transpose":
      return turned(0, columnStride, rowStride);
    case "rotate-90":
      return turned(lastColumn, -columnStride, rowStride);
    case "rotate-270":
      return turned(lastRow, columnStride, -rowStride);
    case "anti-transpose":
      return turned(lastRow + lastColumn, -columnStride, -rowStride);
  }
}

/** True when rows become columns, so that a rectangular pattern exchanges its sides. */
export function exchangesAxes(orientation: DataOptions["patternOrientation"]): boolean {
  return !["none", "flip-y", "flip-x", "rotate-180"].includes(orientation);
}

/** The pixels of one stored pattern in oriented order. */
export function gatherPattern<T extends Uint8Array | Float64Array>(stored: T, pattern: OrientedPattern): T {
  const { heightPx, widthPx, layout } = pattern;
  const oriented = new (stored.constructor as new (length: number) => T)(heightPx * widthPx);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      oriented[y * widthPx + x] = stored[layout.offset + y * layout.rowStride + x * layout.columnStride]!;
    }
  }
  return oriented;
}

/** Positions [position, 2] (y, x) from the coordinates of the file: first exchanged, then negated per resulting axis. */
export function orientPositions(
  xcoords: Float64Array,
  ycoords: Float64Array,
  options: Pick<DataOptions, "swapPositions" | "flipPositionsY" | "flipPositionsX">,
): Float64Array {
  const positionsPx = new Float64Array(2 * xcoords.length);
  const [fromY, fromX] = options.swapPositions ? [xcoords, ycoords] : [ycoords, xcoords];
  for (let index = 0; index < xcoords.length; index++) {
    positionsPx[2 * index] = options.flipPositionsY ? -fromY[index]! : fromY[index]!;
    positionsPx[2 * index + 1] = options.flipPositionsX ? -fromX[index]! : fromX[index]!;
  }
  return positionsPx;
}
