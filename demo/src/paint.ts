// Numbers to pixels, on the page and in workers.

import { type ColourMap, chooseMap, type Quantity } from "./colour-maps.ts";
import type { ScalarImage } from "./scalar-image.ts";

/** How numbers become colours. */
export interface Look {
  readonly quantity: Quantity;
  /** Values at the ends of the colour map. */
  readonly range: readonly [number, number];
  /** Brightness that is black, and full, of phases drawn as hue. */
  readonly lightRange: readonly [number, number];
}

/** Draws `image` into a canvas of its own, one pixel each; what is not finite stays transparent. */
export function paintImage({ shape, values, light }: ScalarImage, look: Look): OffscreenCanvas {
  const [height, width] = shape;
  const canvas = new OffscreenCanvas(width, height);
  const pixels = new ImageData(width, height);
  const [low, high] = look.range;
  const map = chooseMap(look.quantity, low, high);
  const scale = map.entries / (high - low);
  const entryOf = (value: number) => Math.min(map.entries - 1, Math.max(0, Math.floor((value - low) * scale)));
  const colours = coloursOf(map);
  const target = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) target[i] = colours[entryOf(value)]!;
  }
  if (light) darken(pixels.data, light, look.lightRange);
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  return canvas;
}

/** Opaque pixels of a map; whole pixels are copied faster than bytes. */
function coloursOf({ entries, data }: ColourMap): Uint32Array {
  const bytes = new Uint8Array(4 * entries).fill(255);
  for (let entry = 0; entry < entries; entry++) bytes.set(data.subarray(3 * entry, 3 * entry + 3), 4 * entry);
  return new Uint32Array(bytes.buffer);
}

function darken(pixels: Uint8ClampedArray, light: Float32Array, [dark, bright]: readonly [number, number]): void {
  for (let i = 0; i < light.length; i++) {
    const share = Math.min(1, Math.max(0, (light[i]! - dark) / (bright - dark)));
    for (let colour = 4 * i; colour < 4 * i + 3; colour++) pixels[colour] = share * pixels[colour]!;
  }
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
