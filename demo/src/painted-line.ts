// Values along a line of a picture that the worker paints: read back from its colours, so in steps of the colour map and
// cut off at the ends of the colour bar. The numbers themselves stay on the device while a run is under way.

import { chooseMap, type Quantity } from "./colour-maps.ts";
import type { LineSample } from "./scalar-image.ts";
import { toStage, type Viewport } from "./viewport.ts";

type Point = readonly [number, number];

/** Samples `canvas`, which shows an image of `shape` through `view`, between two image points (y, x). */
export function samplePainted(
  canvas: HTMLCanvasElement,
  quantity: Quantity,
  [low, high]: readonly [number, number],
  place: { readonly view: Viewport; readonly shape: Point },
  [from, to]: readonly [Point, Point],
): LineSample {
  const side = canvas.width;
  const copy = document.createElement("canvas");
  copy.width = copy.height = side;
  const context = copy.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(canvas, 0, 0);
  const pixels = context.getImageData(0, 0, side, side).data;
  const map = chooseMap(quantity, low, high);
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const steps = Math.max(1, Math.round(length));
  const distancePx: number[] = [];
  const values: (number | null)[] = [];
  for (let step = 0; step <= steps; step++) {
    const share = step / steps;
    const point: Point = [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
    const [y, x] = toStage(place.view, place.shape, point).map((part) => Math.floor(part * side)) as [number, number];
    const at = 4 * (y * side + x);
    const seen = y >= 0 && x >= 0 && y < side && x < side && pixels[at + 3] === 255;
    distancePx.push(share * length);
    values.push(seen ? low + ((nearestEntry(map.data, pixels, at) + 0.5) / map.entries) * (high - low) : null);
  }
  return { distancePx, values };
}

function nearestEntry(colours: Uint8Array, pixels: Uint8ClampedArray, at: number): number {
  let [nearest, least] = [0, Number.POSITIVE_INFINITY];
  for (let entry = 0; 3 * entry < colours.length; entry++) {
    let distance = 0;
    for (let part = 0; part < 3; part++) distance += (colours[3 * entry + part]! - pixels[at + part]!) ** 2;
    if (distance < least) [nearest, least] = [entry, distance];
  }
  return nearest;
}
