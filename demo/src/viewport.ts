// Which part of an image a square stage shows: zoom 1 shows all of it, the longer side filling the stage.

export interface Viewport {
  /** Magnification relative to the whole image in view; 1 ... 64. */
  readonly zoom: number;
  /** (y, x) in image pixels, the middle of the stage; pixel [0, 0] covers 0 ... 1. */
  readonly centrePx: readonly [number, number];
}

type Pair = readonly [number, number];
const LARGEST_ZOOM = 64;

/** All of an image [height, width] in view. */
export function wholeImage(shape: Pair): Viewport {
  return { zoom: 1, centrePx: [shape[0] / 2, shape[1] / 2] };
}

/** Points [point, 2] given as pixel indices, whole numbers being middles of pixels, as image points. */
export function fromIndices(indicesPx: ArrayLike<number>): Float32Array {
  return Float32Array.from(indicesPx, (index) => index + 0.5);
}

/** The part of an image in which points [point, 2] (y, x) lie, with a margin, if that is less than all. */
export function frameOf(points: ArrayLike<number>, shape: Pair, marginPx: number): Viewport {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < points.length; i++) {
    low[i & 1] = Math.min(low[i & 1]!, points[i]!);
    high[i & 1] = Math.max(high[i & 1]!, points[i]!);
  }
  const side = Math.max(high[0]! - low[0]!, high[1]! - low[1]!) + 2 * marginPx;
  if (!(side > 0)) return wholeImage(shape);
  const zoom = Math.min(LARGEST_ZOOM, Math.max(1, Math.max(...shape) / side));
  return keepInside({ zoom, centrePx: [(low[0]! + high[0]!) / 2, (low[1]! + high[1]!) / 2] }, shape);
}

/** Stage sides per image pixel. */
function scaleOf(view: Viewport, shape: Pair): number {
  return view.zoom / Math.max(shape[0], shape[1]);
}

/** Image point (y, x) under a stage point (y, x), the stage being 0 ... 1. */
export function toImage(view: Viewport, shape: Pair, stage: Pair): [number, number] {
  const scale = scaleOf(view, shape);
  return [view.centrePx[0] + (stage[0] - 0.5) / scale, view.centrePx[1] + (stage[1] - 0.5) / scale];
}

/** Stage point (y, x) of an image point (y, x). */
export function toStage(view: Viewport, shape: Pair, image: Pair): [number, number] {
  const scale = scaleOf(view, shape);
  return [(image[0] - view.centrePx[0]) * scale + 0.5, (image[1] - view.centrePx[1]) * scale + 0.5];
}

/** Zooms by `factor` with the image point under `stage` staying where it is. */
export function zoomAt(view: Viewport, shape: Pair, factor: number, stage: Pair = [0.5, 0.5]): Viewport {
  const zoom = Math.min(LARGEST_ZOOM, Math.max(1, view.zoom * factor));
  const fixed = toImage(view, shape, stage);
  const scale = zoom / Math.max(shape[0], shape[1]);
  const centrePx = [0, 1].map((axis) => fixed[axis]! - (stage[axis]! - 0.5) / scale) as [number, number];
  return keepInside({ zoom, centrePx }, shape);
}

/** Moves the content by a part of the stage (y, x). */
export function panBy(view: Viewport, shape: Pair, stage: Pair): Viewport {
  const scale = scaleOf(view, shape);
  const centrePx = [0, 1].map((axis) => view.centrePx[axis]! - stage[axis]! / scale) as [number, number];
  return keepInside({ zoom: view.zoom, centrePx }, shape);
}

/** An axis that fits is centred; of a longer one no empty edge comes into view. */
function keepInside(view: Viewport, shape: Pair): Viewport {
  const half = 0.5 / scaleOf(view, shape);
  const centrePx = [0, 1].map((axis) => {
    const side = shape[axis]!;
    return side <= 2 * half ? side / 2 : Math.min(side - half, Math.max(half, view.centrePx[axis]!));
  }) as [number, number];
  return { zoom: view.zoom, centrePx };
}
