// Reconstructions against the truth: place, region, alignment, metrics. One value in, one out; no files.

import type { ComplexArray } from "../complex.ts";
import { InputError } from "../errors.ts";
import { type AlignedImages, type Alignment, alignToTruth } from "./align.ts";
import { measureAsStudy, type StudyMetrics } from "./align-study.ts";
import { type Degenerate, expectScale, findNonFinite } from "./degenerate.ts";
import { findIlluminated } from "./illumination.ts";
import { type ComponentMetrics, measureImages } from "./measure-images.ts";
import { cutBox, type PixelBox } from "./pixel-box.ts";
import { deviationOf } from "./real-image.ts";
import {
  type CanvasPlace,
  type CanvasRule,
  chooseRegion,
  pickFirst,
  placeCanvas,
  type ReconstructedObject,
  type ScoredRegion,
  type TrueObject,
} from "./region.ts";

/** How objects are compared. */
export interface CompareOptions {
  /** Largest registration shift per axis, in pixels; 0 = none. */
  readonly registerWithinPx: number;
  /** Cut off the scanned box at every edge. */
  readonly trimPx: number;
  /** Pixel by pixel errors over the whole box, or over its illuminated pixels. SSIM and FRC always take the box. */
  readonly region: "box" | "illuminated";
  /** Amplitude factors outside 1 / scaleBound ... scaleBound of 1, or of what the probes lead to expect, are refused. */
  readonly scaleBound: number;
  /** Gaussian on the amplitude before the study's MS-SSIM. */
  readonly msSsimSigmaPx: number;
  /** Mapping of canvases whose file has no origin; null = centred. */
  readonly canvasRule: CanvasRule | null;
  /** For results that do not say what they used: the first so many patterns of the scan; null = all. */
  readonly firstPatterns: number | null;
}

export const COMPARE_DEFAULTS: CompareOptions = {
  registerWithinPx: 5,
  trimPx: 0,
  region: "box",
  scaleBound: 10,
  msSsimSigmaPx: 1,
  canvasRule: null,
  firstPatterns: null,
};

/** Figures of a pair of objects. */
export interface PairMetrics {
  readonly amplitude: ComponentMetrics;
  readonly phase: ComponentMetrics;
}

/** One reconstruction against the truth. */
export interface ObjectComparison {
  readonly place: CanvasPlace;
  /** Why it was not scored; everything below is null then. */
  readonly refused: Degenerate | null;
  readonly alignment: Omit<Alignment, "images"> | null;
  readonly metrics: PairMetrics | null;
  /** The study's own alignment and figures; null without positions or room. */
  readonly study: StudyMetrics | null;
  readonly images: AlignedImages | null;
}

/** Several reconstructions against one truth, all over the same region. */
export interface ComparedObjects {
  readonly region: ScoredRegion;
  /** Share of the box that was illuminated; null when no probe or positions are known. */
  readonly illuminatedShare: number | null;
  /** What the pixel by pixel errors were taken over. */
  readonly pointRegion: "box" | "illuminated";
  /** In the order given. */
  readonly results: readonly ObjectComparison[];
  /** The first two results against each other, the first in the role of the truth; null unless both were scored. */
  readonly between: PairMetrics | null;
}

/**
 * Compares `results` with `truth`. Throws InputError: COMPARE_TRUTH when the truth is flat or not finite in the region,
 * COMPARE_REGION when too little belongs together, COMPARE_MASK when the illuminated pixels are asked for and unknown.
 * A result that must not be scored is refused in its own entry.
 */
export function compareObjects(
  results: readonly ReconstructedObject[],
  truth: TrueObject,
  options: CompareOptions = COMPARE_DEFAULTS,
): ComparedObjects {
  const scanPositions = pickFirst(truth.positionsPx, options.firstPatterns);
  const places = results.map((result) =>
    placeCanvas(result, truth, result.usedPositionsPx ?? scanPositions, options.canvasRule),
  );
  const shifts = options.registerWithinPx > 0 || places.some(({ originPx }) => !originPx.every(Number.isInteger));
  const reservePx = shifts ? Math.ceil(options.registerWithinPx) + 2 : 0;
  const region = chooseRegion(results, places, truth, { ...options, reservePx });
  checkTruth(truth.object, region.box);
  const light = illuminate(results, scanPositions, region.box);
  if (options.region === "illuminated" && !light) {
    throw new InputError("COMPARE_MASK", "the illuminated pixels are not known", {
      expected: "a probe and the positions of the patterns used",
      remedy: "Compare over the scanned box: --region box",
    });
  }
  const mask = options.region === "illuminated" ? light!.mask : null;
  const compared = results.map((result, index) => compareOne(result, places[index]!, truth, region.box, mask, options));
  return {
    region,
    illuminatedShare: light?.share ?? null,
    pointRegion: options.region,
    results: compared,
    between: compareBetween(compared, mask, options),
  };
}

function compareOne(
  result: ReconstructedObject,
  place: CanvasPlace,
  truth: TrueObject,
  box: PixelBox,
  mask: Uint8Array | null,
  options: CompareOptions,
): ObjectComparison {
  const expectedScale = expectScale(result.probe, truth.probe ?? null);
  const aligned = alignToTruth(result.object, place.originPx, truth.object, box, { ...options, expectedScale });
  if ("reason" in aligned) {
    return { place, refused: aligned, alignment: null, metrics: null, study: null, images: null };
  }
  const { images, ...alignment } = aligned;
  const measurable = truth.positionsPx && !findNonFinite(result.object) && !findNonFinite(truth.object);
  return {
    place,
    refused: null,
    alignment,
    images,
    metrics: measurePair(images, mask, options),
    study: measurable ? measureAsStudy(result.object, truth.object, truth.positionsPx!, options.msSsimSigmaPx) : null,
  };
}

function measurePair(images: AlignedImages, mask: Uint8Array | null, options: CompareOptions): PairMetrics {
  const measure = { mask, msSsimSigmaPx: options.msSsimSigmaPx };
  return {
    amplitude: measureImages(images.truthAmplitude, images.foundAmplitude, "amplitude", measure),
    phase: measureImages(images.truthPhase, images.foundPhase, "phase", measure),
  };
}

function compareBetween(
  [first, second]: readonly ObjectComparison[],
  mask: Uint8Array | null,
  options: CompareOptions,
): PairMetrics | null {
  if (!first?.images || !second?.images) return null;
  const pair: AlignedImages = {
    truthAmplitude: first.images.foundAmplitude,
    foundAmplitude: second.images.foundAmplitude,
    truthPhase: first.images.foundPhase,
    foundPhase: second.images.foundPhase,
  };
  return measurePair(pair, mask, options);
}

/** Pixels that every result whose probe and positions are known has seen. */
function illuminate(
  results: readonly ReconstructedObject[],
  scanPositions: Float64Array | null,
  box: PixelBox,
): { readonly mask: Uint8Array; readonly share: number } | null {
  const masks = results.flatMap(({ probe, usedPositionsPx }) => {
    const positions = usedPositionsPx ?? scanPositions;
    const found = probe && positions ? findIlluminated(probe, positions, box) : null;
    return found ? [found.mask] : [];
  });
  if (masks.length === 0) return null;
  const mask = masks.reduce((all, one) => all.map((value, i) => value & one[i]!));
  return { mask, share: mask.reduce((sum, value) => sum + value, 0) / mask.length };
}

function checkTruth(truth: ComplexArray, box: PixelBox): void {
  const cut = cutBox(truth, box, [0, 0], "truth");
  const refuse = (got: string) =>
    new InputError("COMPARE_TRUTH", "the truth cannot serve as one", {
      expected: "finite values that are not all the same within the compared region",
      got,
      remedy: "Name the member that holds the truth: --truth-key",
    });
  const notFinite = findNonFinite(cut);
  if (notFinite) throw refuse(notFinite.reason);
  const parts = [0, 1].map((part) =>
    Float64Array.from({ length: cut.data.length / 2 }, (_, i) => cut.data[2 * i + part]!),
  );
  const contrast = Math.hypot(...parts.map(deviationOf));
  const size = Math.sqrt(cut.data.reduce((sum, value) => sum + value * value, 0) / (cut.data.length / 2));
  if (!(contrast > 1e-6 * size)) throw refuse("the same value everywhere");
}
