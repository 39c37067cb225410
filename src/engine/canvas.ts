// From data coordinates to the canvas: its size, the whole-pixel move of the data onto it, the first object.

import { type ComplexArray, complexZeros } from "../complex.ts";
import type { DatasetNote } from "../data/dataset.ts";
import { OptionsError } from "../errors.ts";
import type { ReconstructOptions } from "../options.ts";
import { axisRange, computeOrigin, type Placement, placePatterns, roundHalfEven } from "./geometry.ts";

/** Canvas of a scan and where the data lie on it. */
export interface Canvas {
  /** Rows, columns. */
  readonly shape: readonly [number, number];
  /** Added to `centredPx`, as pty-chi does. */
  readonly originPx: readonly [number, number];
  /** [position, 2] (y, x): data positions moved by whole pixels towards zero; what the engine works with. */
  readonly centredPx: Float64Array;
  /** (y, x): data coordinate of canvas pixel [0, 0]. */
  readonly canvasOriginPx: readonly [number, number];
  /** [position, 2] (y, x): canvas point under pattern index (h//2, w//2) = data position - canvasOriginPx. */
  readonly positionsPx: Float64Array;
  readonly placement: Placement;
  readonly notes: readonly DatasetNote[];
}

/**
 * Lays out the canvas of a scan: ceil(range) + pattern + extra pixels unless the options give a shape, origin by named
 * rule (conventions.md section 5). Odd pattern sizes: pty-chi's rounding moves patches by up to a pixel depending on the
 * parity of the position; here the origin is half a pixel further on, which makes every start exact, and a note says so.
 * Throws OptionsError for an origin that has no exact start.
 */
export function layOutCanvas(
  dataPositionsPx: ArrayLike<number>,
  frame: readonly [number, number],
  options: ReconstructOptions["canvas"],
): Canvas {
  const notes: DatasetNote[] = [];
  const ranges = [axisRange(dataPositionsPx, 0), axisRange(dataPositionsPx, 1)] as const;
  const shape = (options.shapePx ??
    ranges.map(([smallest, largest], axis) => Math.ceil(largest - smallest) + frame[axis]! + options.extraPx)) as [
    number,
    number,
  ];
  const specified = options.originRule === "specified";
  if (specified && !options.originPx) {
    throw new OptionsError("OPTIONS_CONFLICT", "the origin rule `specified` needs an origin", {
      field: "canvas.originPx",
      remedy: "Give canvas.originPx as [y, x]",
    });
  }
  // a specified origin says where data position (0, 0) lies; the other rules centre the scan
  const shift = specified ? [0, 0] : ranges.map(([smallest, largest]) => roundHalfEven((smallest + largest) / 2));
  const centredPx = Float64Array.from(
    { length: dataPositionsPx.length },
    (_, index) => dataPositionsPx[index]! - shift[index % 2]!,
  );
  const originPx: [number, number] = specified
    ? [...options.originPx!]
    : computeOrigin(options.originRule as "support", options.halfPixel, shape, centredPx);
  for (const axis of [0, 1]) {
    const rest = Math.abs((originPx[axis]! - (frame[axis]! - 1) / 2) % 1);
    if (rest !== 0.5) continue;
    if (specified) {
      throw new OptionsError("CANVAS_ORIGIN", "with this origin patches would start between pixels", {
        field: "canvas.originPx",
        expected: frame[axis]! % 2 === 0 ? "a half-integer origin, such as 99.5" : "a whole origin, such as 100",
        got: String(originPx[axis]),
      });
    }
    originPx[axis]! += 0.5;
    notes.push({
      level: "info",
      code: "ODD_SIZE",
      message: `patterns have an odd ${axis === 0 ? "height" : "width"}: the canvas origin is half a pixel off pty-chi's so that patches start exactly`,
    });
  }
  const placement = placePatterns(centredPx, originPx, frame);
  const positionsPx = new Float64Array(dataPositionsPx.length);
  const canvasOriginPx: [number, number] = [0, 0];
  for (const axis of [0, 1]) {
    const whole = placement.startIndicesPx[axis]! + Math.floor(frame[axis]! / 2);
    // the move is whole: data and canvas coordinate differ by one number for all positions
    canvasOriginPx[axis] = roundHalfEven(Math.fround(centredPx[axis]!)) + shift[axis]! - whole;
  }
  for (let index = 0; index < positionsPx.length; index++)
    positionsPx[index] = dataPositionsPx[index]! - canvasOriginPx[index % 2]!;
  const outside = countOutside(placement, frame, shape);
  if (outside > 0) {
    notes.push({
      level: "warning",
      code: "CANVAS_SMALL",
      message: `${outside} patterns reach beyond the canvas of ${shape[0]} x ${shape[1]} px; its border is repeated there. ${adviseRoom(options)}`,
    });
  }
  return { shape, originPx, centredPx, canvasOriginPx, positionsPx, placement, notes };
}

/** What gives the patterns room, given how the canvas was chosen. */
function adviseRoom({ shapePx, originRule }: ReconstructOptions["canvas"]): string {
  const grow = shapePx ? "Raise --canvas-shape" : "Raise --canvas-extra";
  return originRule === "specified" ? `${grow} or move --canvas-origin` : grow;
}

function countOutside(
  placement: Placement,
  frame: readonly [number, number],
  shape: readonly [number, number],
): number {
  let count = 0;
  const starts = placement.startIndicesPx;
  for (let index = 0; index < starts.length; index += 2) {
    const fits = [0, 1].every(
      (axis) => starts[index + axis]! >= 0 && starts[index + axis]! + frame[axis]! <= shape[axis]!,
    );
    if (!fits) count += 1;
  }
  return count;
}

/** The object that a run starts from, [1, y, x]: ones, or the file's guess registered on the canvas with ones around it. */
export function makeInitialObject(
  choice: ReconstructOptions["initialObject"],
  guess: ComplexArray | null,
  canvas: Canvas,
): { object: ComplexArray; notes: DatasetNote[] } {
  const [rows, columns] = canvas.shape;
  const object = complexZeros([1, rows, columns]);
  for (let index = 0; index < object.data.length; index += 2) object.data[index] = 1;
  if (choice === "flat") return { object, notes: [] };
  if (!guess) {
    throw new OptionsError("OPTIONS_CONFLICT", "the file has no object guess to start from", {
      field: "initialObject",
      remedy: "Use --initial-object flat",
    });
  }
  const [guessRows, guessColumns] = guess.shape.slice(-2) as [number, number];
  const [top, left] = canvas.canvasOriginPx;
  let covered = 0;
  for (let y = Math.max(0, -top); y < Math.min(rows, guessRows - top); y++) {
    for (let x = Math.max(0, -left); x < Math.min(columns, guessColumns - left); x++) {
      const from = 2 * ((y + top) * guessColumns + x + left);
      const to = 2 * (y * columns + x);
      object.data[to] = guess.data[from]!;
      object.data[to + 1] = guess.data[from + 1]!;
      covered += 1;
    }
  }
  if (covered > 0) return { object, notes: [] };
  const message = "the object guess does not reach the scanned area; the object starts flat";
  return { object, notes: [{ level: "warning", code: "GUESS_ELSEWHERE", message }] };
}
