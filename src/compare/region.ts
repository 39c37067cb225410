// Where reconstructions lie in data coordinates and which part of them is scored.

import type { ComplexArray } from "../complex.ts";
import { InputError } from "../errors.ts";
import { createScanBox, imageShape, type PixelBox } from "./pixel-box.ts";
import { SSIM_WINDOW_PX } from "./ssim.ts";

/** Half-pixel rule of pty-chi's canvas: since 2.1, and before (study.md section 5.8). */
export type CanvasRule = "ptychi" | "ptychi-before-2.1";

/** A reconstruction as its file tells it. */
export interface ReconstructedObject {
  /** [y, x] or [1, y, x] */
  readonly object: ComplexArray;
  /** (y, x): data coordinate of pixel [0, 0]; null when the file does not say. */
  readonly canvasOriginPx: readonly [number, number] | null;
  /** [position, 2] (y, x), data coordinates of the patterns used; null when the file does not say. */
  readonly usedPositionsPx: Float64Array | null;
  /** [..., y, x]; null when the file has none. */
  readonly probe: ComplexArray | null;
}

/** The truth and the scan that it belongs to. */
export interface TrueObject {
  /** [y, x] or [1, y, x], pixel [0, 0] at data coordinate (0, 0). */
  readonly object: ComplexArray;
  /** [position, 2] (y, x); null when the file has none. */
  readonly positionsPx: Float64Array | null;
  /** [..., y, x] the probe that goes with the object; null when the file has none. */
  readonly probe?: ComplexArray | null;
}

/** Where a canvas lies, and how that is known. */
export interface CanvasPlace {
  readonly originPx: readonly [number, number];
  /** "recorded" in the file; by pty-chi's "rule"; or the canvas "centred" on the scan or, without one, on the truth. */
  readonly source: "recorded" | "rule" | "centred";
}

/** What is scored. */
export interface ScoredRegion {
  readonly box: PixelBox;
  /** The positions whose range is the box; "none": the part that all images share. */
  readonly positionsFrom: "result" | "scan file" | "none";
  /** Their number; null without. */
  readonly patterns: number | null;
}

/**
 * Places a canvas: by the file, else by pty-chi's mapping for positions centred on their mean (`rule`, even patterns),
 * else centred. `positionsPx` [position, 2] (y, x) are the patterns used, in data coordinates.
 */
export function placeCanvas(
  result: ReconstructedObject,
  truth: TrueObject,
  positionsPx: Float64Array | null,
  rule: CanvasRule | null,
): CanvasPlace {
  if (result.canvasOriginPx) return { originPx: result.canvasOriginPx, source: "recorded" };
  const canvas = imageShape(result.object, "reconstructed_object");
  if (rule) {
    if (!positionsPx) {
      throw new InputError("COMPARE_RULE", "the canvas rule needs the scan's positions", {
        expected: "xcoords and ycoords in the file with the truth",
        remedy: "Leave the rule out: the canvas is then centred and registered",
      });
    }
    const older = rule === "ptychi-before-2.1" ? 1 : 0;
    const originPx = [0, 1].map((axis) => meanAlong(positionsPx, axis) - roundHalfEven(canvas[axis]! / 2) - older);
    return { originPx: originPx as [number, number], source: "rule" };
  }
  const shape = imageShape(truth.object, "truth");
  const originPx = [0, 1].map((axis) => {
    const [low, high] = positionsPx ? rangeAlong(positionsPx, axis) : [0, shape[axis]!];
    return Math.round((low + high) / 2 - canvas[axis]! / 2);
  });
  return { originPx: originPx as [number, number], source: "centred" };
}

/**
 * The box that all `results` at `places` and the truth share, within the range of the positions and `trimPx` inside of
 * it. A canvas keeps `reservePx` at its edges, from where a shift could bring in foreign pixels. Throws InputError
 * COMPARE_REGION when it is smaller than a window of SSIM.
 */
export function chooseRegion(
  results: readonly ReconstructedObject[],
  places: readonly CanvasPlace[],
  truth: TrueObject,
  options: { readonly trimPx: number; readonly reservePx: number; readonly firstPatterns: number | null },
): ScoredRegion {
  const shared: Edges[] = [edgesOf([0, 0], imageShape(truth.object, "truth"))];
  results.forEach((result, index) => {
    const origin = places[index]!.originPx.map(Math.round) as [number, number];
    shared.push(growEdges(edgesOf(origin, imageShape(result.object, "reconstructed_object")), -options.reservePx));
  });
  const scans = results.flatMap(({ usedPositionsPx }) => (usedPositionsPx ? [usedPositionsPx] : []));
  const fallback = pickFirst(truth.positionsPx, options.firstPatterns);
  const positions = scans.length > 0 ? scans : fallback ? [fallback] : [];
  for (const list of positions) {
    const { top, left, heightPx, widthPx } = createScanBox(list);
    shared.push(growEdges(edgesOf([top, left], [heightPx, widthPx]), -options.trimPx));
  }
  const [top, left] = [0, 1].map((axis) => Math.max(...shared.map(({ first }) => first[axis]!))) as [number, number];
  const [bottom, right] = [0, 1].map((axis) => Math.min(...shared.map(({ end }) => end[axis]!))) as [number, number];
  const box = { top, left, heightPx: bottom - top, widthPx: right - left };
  if (Math.min(box.heightPx, box.widthPx) < SSIM_WINDOW_PX) {
    throw new InputError("COMPARE_REGION", "too little of the images belongs together", {
      expected: `at least ${SSIM_WINDOW_PX} x ${SSIM_WINDOW_PX} pixels within the scanned area of all of them`,
      got: `${Math.max(0, box.heightPx)} x ${Math.max(0, box.widthPx)}`,
      remedy: "Check that the truth belongs to this scan",
    });
  }
  const positionsFrom = scans.length > 0 ? "result" : fallback ? "scan file" : "none";
  const patterns = positions.length > 0 ? Math.min(...positions.map(({ length }) => length / 2)) : null;
  return { box, positionsFrom, patterns };
}

/** The first `count` of positions [position, 2]; all when it is null. */
export function pickFirst(positionsPx: Float64Array | null, count: number | null): Float64Array | null {
  return positionsPx && count !== null ? positionsPx.subarray(0, 2 * count) : positionsPx;
}

interface Edges {
  readonly first: readonly [number, number];
  readonly end: readonly [number, number];
}

function edgesOf(first: readonly [number, number], shape: readonly [number, number]): Edges {
  return { first, end: [first[0] + shape[0], first[1] + shape[1]] };
}

function growEdges({ first, end }: Edges, byPx: number): Edges {
  return { first: [first[0] - byPx, first[1] - byPx], end: [end[0] + byPx, end[1] + byPx] };
}

function meanAlong(positionsPx: Float64Array, axis: number): number {
  let sum = 0;
  for (let i = axis; i < positionsPx.length; i += 2) sum += positionsPx[i]!;
  return (2 * sum) / positionsPx.length;
}

function rangeAlong(positionsPx: Float64Array, axis: number): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = axis; i < positionsPx.length; i += 2) {
    low = Math.min(low, positionsPx[i]!);
    high = Math.max(high, positionsPx[i]!);
  }
  return [low, high];
}

/** Python's round. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}
