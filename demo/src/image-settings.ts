// What an image view is told: once, with every image, and about the numbers behind a picture.

import type { Quantity } from "./colour-maps.ts";
import type { Look } from "./paint.ts";
import type { Line, LineSample, ScalarImage } from "./scalar-image.ts";

export interface ImageViewOptions {
  readonly title: string;
  readonly quantity: Quantity;
  /** Of the values at the colour bar, e.g. "rad". */
  readonly unit: string;
  readonly percentile?: readonly [number, number];
  /** Called when the user zooms, pans or chooses another range. */
  readonly onSettings?: () => void;
  /** Called when the user chooses another range. */
  readonly onRange?: () => void;
  readonly onError?: (error: unknown) => void;
}

/** Numbers behind a picture that the page need not hold as an image. */
export interface Numbers {
  sample(line: Line): LineSample;
  /** The whole image as a PNG. */
  draw(look: Look): Promise<Blob>;
}

/** What to make of an image; the view's own where left out. */
export interface ImageSettings {
  readonly quantity?: Quantity;
  readonly unit?: string;
  /** Images that the range is taken from; the shown one alone when left out. */
  readonly rangeOver?: readonly ScalarImage[];
}
