// The numbers of a finished run behind the pictures that the worker paints: along a line as soon as it is drawn, of a
// whole image only when somebody wants a file.

import { createScanBox } from "ptycho-webgpu/compare";
import type { ImagePicture } from "./analysis.ts";
import { type ComplexPlane, type Part, type PlaneBox, planeOf, readerOf } from "./complex-plane.ts";
import type { Numbers } from "./image-settings.ts";
import type { FinishedResult } from "./protocol.ts";
import { sampleLine } from "./scalar-image.ts";

/** Draws images of results where the page does not wait for it. */
export type DrawImage = (picture: ImagePicture) => Promise<Blob>;

export class ResultNumbers {
  private readonly result: FinishedResult;
  /** The scanned part of the object. */
  readonly box: PlaneBox;
  private object: ComplexPlane | null = null;
  private probe: { readonly mode: number; readonly plane: ComplexPlane } | null = null;

  /** `positionsPx`: [position, 2] (y, x) on the canvas; over their range the mean phase is zero, as in the pictures. */
  constructor(result: FinishedResult, positionsPx: ArrayLike<number>) {
    this.result = result;
    const [rows, columns] = result.object.shape.slice(-2) as [number, number];
    const { top, left, heightPx, widthPx } = createScanBox(positionsPx);
    const start = [Math.min(rows, Math.max(0, top)), Math.min(columns, Math.max(0, left))] as const;
    const shape = [Math.min(heightPx, rows - start[0]), Math.min(widthPx, columns - start[1])] as const;
    this.box = { start, shape };
  }

  get modes(): number {
    const [height, width] = this.result.probe.shape.slice(-2) as [number, number];
    return this.result.probe.data.length / (2 * height * width);
  }

  objectPlane(): ComplexPlane {
    this.object ??= planeOf(this.result.object, 0, this.box);
    return this.object;
  }

  probePlane(mode: number): ComplexPlane {
    if (this.probe?.mode !== mode) this.probe = { mode, plane: planeOf(this.result.probe, mode) };
    return this.probe.plane;
  }
}

/** What a view shows; both are asked when they are needed. */
export function numbersOf(plane: () => ComplexPlane, part: () => Part, draw: DrawImage): Numbers {
  return {
    sample: (line) => sampleLine(plane().shape, readerOf(plane(), part()), line),
    draw: (look) => draw({ plane: plane(), part: part(), look }),
  };
}
