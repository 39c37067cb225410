// Numbers to pixels.

import { type ColourMap, chooseMap, type Quantity } from "./colour-maps.ts";
import { rangeOf, type ScalarImage } from "./scalar-image.ts";

/** Draws `image` into a canvas of its own, one pixel each; what is not finite stays transparent. */
export function paintImage(
  image: ScalarImage,
  quantity: Quantity,
  [low, high]: readonly [number, number],
  percentile: readonly [number, number],
): HTMLCanvasElement {
  const [height, width] = image.shape;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  const map = chooseMap(quantity, low, high);
  const scale = map.entries / (high - low);
  const { light } = image;
  const [dark, bright] = light ? rangeOf([{ shape: image.shape, values: light }], percentile) : [0, 1];
  for (let i = 0; i < image.values.length; i++) {
    const value = image.values[i]!;
    if (!Number.isFinite(value)) continue;
    const entry = 3 * Math.min(map.entries - 1, Math.max(0, Math.floor((value - low) * scale)));
    const share = light ? Math.min(1, Math.max(0, (light[i]! - dark) / (bright - dark))) : 1;
    for (let colour = 0; colour < 3; colour++) pixels.data[4 * i + colour] = share * map.data[entry + colour]!;
    pixels.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  return canvas;
}

/** Draws a map from its first to its last colour, left to right. */
export function paintBar(canvas: HTMLCanvasElement, map: ColourMap): void {
  canvas.width = 256;
  canvas.height = 1;
  const pixels = new ImageData(256, 1);
  for (let x = 0; x < 256; x++) {
    const entry = 3 * Math.min(map.entries - 1, Math.floor((x / 256) * map.entries));
    pixels.data.set([map.data[entry]!, map.data[entry + 1]!, map.data[entry + 2]!, 255], 4 * x);
  }
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
}
