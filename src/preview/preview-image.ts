// What a preview shows and how: the image on the device, the choices of whoever looks at it, and what came of them.

import type { PixelBox } from "../compare/pixel-box.ts";

/** A complex image on the device. */
export interface PreviewImage {
  /** complex64 [plane, y, x]. */
  readonly buffer: GPUBuffer;
  readonly plane: number;
  readonly heightPx: number;
  readonly widthPx: number;
  /** Where percentiles are taken from; pixels of the image. */
  readonly box: PixelBox;
}

/** phase and amplitude through a colour map; phase-and-amplitude: phase as hue, amplitude as brightness. */
export type PreviewKind = "phase" | "amplitude" | "phase-and-amplitude";

export interface PreviewLook {
  readonly kind: PreviewKind;
  /** Values at the ends of the colour map (rad, or as the image has them); null = by percentile. */
  readonly range: readonly [low: number, high: number] | null;
  /** Percent of the values in the box below each end, 0 ... 100. */
  readonly percentile: readonly [low: number, high: number];
  /** 1 = the whole image just fits. */
  readonly zoom: number;
  /** (y, x) image pixel in the middle of the canvas; null = the image's middle. */
  readonly centrePx: readonly [number, number] | null;
}

/** Names of the colour maps: `hue` = phase as hue over a full turn, with brightness from `low` to `high`. */
export type PreviewMap = "cyclic" | "rising" | "grey" | "hue";

/** Values of the colour bar as painted. Phases are relative to `referenceRad`, the phase of the box's sum. */
export interface PreviewRange {
  readonly low: number;
  readonly high: number;
  readonly map: PreviewMap;
  readonly referenceRad: number;
}

/** The middle of the whole image, percentiles 1 and 99. */
export const DEFAULT_LOOK: PreviewLook = {
  kind: "amplitude",
  range: null,
  percentile: [1, 99],
  zoom: 1,
  centrePx: null,
};
