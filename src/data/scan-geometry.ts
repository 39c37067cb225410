// Whether positions make a scan: finite, in pixels, spread out, overlapping, and where the object guess expects them.

import { InputError } from "../errors.ts";
import type { DatasetNote } from "./dataset.ts";
import { overlapGroups } from "./scan-overlap.ts";

/** Smallest box around all positions. */
export interface ScanBox {
  readonly minimum: readonly [number, number];
  readonly maximum: readonly [number, number];
  /** Extent (y, x) in pixels. */
  readonly range: readonly [number, number];
}

const metresLimit = 1e-3;
const minimumPatterns = 2;
const shownIndices = 5;
/** As complex64 4 GiB, the largest buffer of common devices. */
const largestCanvasPixels = 2 ** 29;

/** The box around positionsPx [position, 2] (y, x); at least one position. */
export function scanBox(positionsPx: Float64Array): ScanBox {
  const minimum: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const maximum: [number, number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < positionsPx.length; at++) {
    const axis = (at % 2) as 0 | 1;
    minimum[axis] = Math.min(minimum[axis], positionsPx[at]!);
    maximum[axis] = Math.max(maximum[axis], positionsPx[at]!);
  }
  return { minimum, maximum, range: [maximum[0] - minimum[0], maximum[1] - minimum[1]] };
}

/** Throws DATA_POSITIONS naming the first positions that are NaN or infinite. */
export function assertFinitePositions(coordinates: Float64Array, source: string, field: string): void {
  const bad: number[] = [];
  coordinates.forEach((value, index) => {
    if (!Number.isFinite(value)) bad.push(index);
  });
  if (bad.length === 0) return;
  throw new InputError("DATA_POSITIONS", `${bad.length} coordinates are NaN or infinite`, {
    source,
    field,
    expected: "finite pixels",
    got: `indices ${listIndices(bad)}`,
    remedy: "Remove these positions and their patterns from the file",
  });
}

/**
 * Checks a scan against its probe window. Throws DATA_GEOMETRY (fewer than 2 patterns, range below 1 px, windows that do
 * not hang together) or DATA_UNITS (looks like metres); returns a warning for repeated positions.
 */
export function judgeGeometry(
  positionsPx: Float64Array,
  heightPx: number,
  widthPx: number,
  source: string,
): DatasetNote[] {
  const field = "xcoords, ycoords";
  const count = positionsPx.length / 2;
  const degenerate = (message: string, expected: string, got: string, remedy: string) =>
    new InputError("DATA_GEOMETRY", `degenerate geometry: ${message}`, { source, field, expected, got, remedy });
  if (count < minimumPatterns) {
    const remedy = "One pattern does not determine object and probe: add overlapping ones";
    throw degenerate("too few patterns", `at least ${minimumPatterns}`, String(count), remedy);
  }
  const { range } = scanBox(positionsPx);
  const extent = Math.max(...range);
  const shownRange = `a range of ${formatPx(range[0])} x ${formatPx(range[1])} (y, x)`;
  if (extent > 0 && extent < metresLimit) {
    throw new InputError("DATA_UNITS", "the coordinates look like metres", {
      source,
      field,
      expected: "pixels of the object frame",
      got: shownRange,
      remedy: "Divide the coordinates by the object pixel size and save the file again",
    });
  }
  if (extent < 1) {
    const remedy = "Check that the coordinates are pixels and differ";
    throw degenerate("the positions hardly differ", "a range of at least 1 px", shownRange, remedy);
  }
  const groups = overlapGroups(positionsPx, heightPx, widthPx);
  if (groups.length > 1) {
    const got = `${groups.length} separate groups (largest ${groups[0]} of ${count} patterns)`;
    const remedy = "Check units and order of the coordinates, or reconstruct the groups as scans of their own";
    throw degenerate(
      "not all patterns overlap",
      `probe windows of ${heightPx} x ${widthPx} that hang together`,
      got,
      remedy,
    );
  }
  return repeatedPositions(positionsPx, field);
}

function repeatedPositions(positionsPx: Float64Array, field: string): DatasetNote[] {
  const seen = new Set<string>();
  const repeated: number[] = [];
  for (let index = 0; 2 * index < positionsPx.length; index++) {
    const key = `${positionsPx[2 * index]},${positionsPx[2 * index + 1]}`;
    if (seen.has(key)) repeated.push(index);
    seen.add(key);
  }
  if (repeated.length === 0) return [];
  const message = `${field}: ${repeated.length} positions repeat an earlier one (indices ${listIndices(repeated)})`;
  return [{ level: "warning", code: "DATA_POSITIONS", message }];
}

/**
 * Remarks on a scan and the file's object guess of objectHeight x objectWidth pixels: too small, positions outside, or a
 * scan that would fit with x and y exchanged. Never an error, because the canvas is computed from the scan.
 */
export function compareWithObject(
  positionsPx: Float64Array,
  windowPx: readonly [number, number],
  objectPx: readonly [number, number],
): DatasetNote[] {
  const { range } = scanBox(positionsPx);
  const fitsExchanged =
    Math.ceil(range[1]) + windowPx[0] <= objectPx[0] && Math.ceil(range[0]) + windowPx[1] <= objectPx[1];
  const needed = [Math.ceil(range[0]) + windowPx[0], Math.ceil(range[1]) + windowPx[1]] as const;
  const fits = needed[0] <= objectPx[0] && needed[1] <= objectPx[1];
  const shown = `${objectPx[0]} x ${objectPx[1]}`;
  const notes: DatasetNote[] = [];
  if (!fits) {
    const message = `objectGuess: ${shown} is smaller than scan range + probe, ${needed[0]} x ${needed[1]}; the canvas is computed from the scan`;
    notes.push({ level: "warning", code: "DATA_OBJECT_SIZE", message });
    return fitsExchanged ? [...notes, swappedNote(shown)] : notes;
  }
  const outside = windowsOutside(positionsPx, windowPx, objectPx, [0, 1]);
  if (outside.length > 0) {
    const message = `xcoords, ycoords: ${outside.length} probe windows reach beyond objectGuess (${shown}; indices ${listIndices(outside)})`;
    notes.push({ level: "warning", code: "DATA_POSITIONS", message });
    if (windowsOutside(positionsPx, windowPx, objectPx, [1, 0]).length === 0) notes.push(swappedNote(shown));
  }
  return notes;
}

function swappedNote(shownObject: string): DatasetNote {
  const evidence = `xcoords, ycoords: the scan would fit objectGuess (${shownObject}) with x and y exchanged`;
  const remedy = "nothing was exchanged; pass --swap-positions if the file has them the wrong way round";
  return { level: "warning", code: "DATA_POSITIONS_SWAPPED", message: `${evidence}; ${remedy}` };
}

/** Indices of positions whose window leaves the object by more than a pixel; `axes` says which coordinate is y and which x. */
function windowsOutside(
  positionsPx: Float64Array,
  windowPx: readonly [number, number],
  objectPx: readonly [number, number],
  axes: readonly [number, number],
): number[] {
  const outside: number[] = [];
  for (let index = 0; 2 * index < positionsPx.length; index++) {
    const inside = axes.every((from, axis) => {
      const start = positionsPx[2 * index + from]! - Math.floor(windowPx[axis]! / 2);
      return start >= -1 && start + windowPx[axis]! <= objectPx[axis]! + 1;
    });
    if (!inside) outside.push(index);
  }
  return outside;
}

/** Throws DATA_CANVAS_SIZE before anything is allocated: a few stray positions can ask for more memory than there is. */
export function assertCanvasSize(canvasPx: readonly [number, number], source: string): void {
  if (canvasPx[0] * canvasPx[1] <= largestCanvasPixels) return;
  throw new InputError("DATA_CANVAS_SIZE", "the scan needs a canvas that no device can hold", {
    source,
    field: "xcoords, ycoords",
    expected: `at most ${largestCanvasPixels} pixels`,
    got: `${canvasPx[0]} x ${canvasPx[1]}`,
    remedy: "Check the unit of the coordinates, or reconstruct parts of the scan",
  });
}

function listIndices(indices: readonly number[]): string {
  const shown = indices.slice(0, shownIndices).join(", ");
  return indices.length > shownIndices ? `${shown}, ...` : shown;
}

function formatPx(value: number): string {
  return `${Number(value.toPrecision(4))} px`;
}
