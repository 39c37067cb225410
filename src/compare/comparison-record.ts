// comparison.json: everything a comparison found, with the parameters that its figures depend on.

import { z } from "zod";
import { STUDY_BORDER_PX, STUDY_BOUND_PX, STUDY_MARGIN_PX } from "./align-study.ts";
import type { ComparedObjects, CompareOptions, PairMetrics } from "./compare-objects.ts";
import type { FrcCrossing } from "./frc.ts";
import { ILLUMINATED_SHARE } from "./illumination.ts";
import type { ComponentMetrics } from "./measure-images.ts";
import { SCALE_WEIGHTS, SSIM_WINDOW_PX, STANDARD_WINDOW } from "./ssim.ts";

const known = z.number().nullable();
/** JSON has no infinity; it is written as text. */
const decibels = z.union([z.number(), z.literal("Infinity"), z.null()]);
const pixelPair = z.tuple([z.number(), z.number()]);

const crossing = z.strictObject({
  state: z.enum(["crosses", "never", "from the start", "undefined"]),
  cyclesPerPx: known,
  resolutionPx: known,
});

const component = z.strictObject({
  mae: known,
  mse: known,
  psnr: decibels,
  psnrPeak: known,
  psnrLegacy255: decibels,
  ssim: known,
  ssimDataRange: known,
  msSsim: known,
  msSsimLevels: z.int(),
  msSsimStandard: known,
  msSsimStandardLevels: z.int(),
  frc50: known,
  frc: z.strictObject({
    sidePx: z.int(),
    halfBit: crossing,
    oneSeventh: crossing,
    cyclesPerPx: z.array(z.number()),
    correlation: z.array(known),
    halfBitThreshold: z.array(z.number()),
  }),
});

const pair = z.strictObject({ amplitude: component, phase: component });

const studyComponent = z.strictObject({
  mae: known,
  mse: known,
  psnrLegacy255: decibels,
  ssim: known,
  msSsim: known,
  frc50: known,
});

/** The file comparison.json. */
export const comparisonSchema = z.strictObject({
  format: z.literal("ptycho-webgpu comparison"),
  formatVersion: z.literal(1),
  truth: z.strictObject({ path: z.string(), key: z.string() }),
  region: z.strictObject({
    /** Data coordinates. */
    box: z.strictObject({ top: z.int(), left: z.int(), heightPx: z.int(), widthPx: z.int() }),
    positionsFrom: z.enum(["result", "scan file", "none"]),
    patterns: known,
    /** Of the pixel by pixel errors; SSIM and FRC take the box. */
    pointErrorsOver: z.enum(["box", "illuminated"]),
    illuminatedShare: known,
  }),
  parameters: z.strictObject({
    registerWithinPx: z.number(),
    trimPx: z.number(),
    scaleBound: z.number(),
    illuminatedFrom: z.number(),
    ssim: z.strictObject({ windowPx: z.int(), variance: z.literal("sample") }),
    msSsim: z.strictObject({ weights: z.array(z.number()), amplitudeSigmaPx: z.number(), scales: z.string() }),
    msSsimStandard: z.strictObject({
      weights: z.array(z.number()),
      windowPx: z.int(),
      windowSigmaPx: z.number(),
      scales: z.string(),
    }),
    frc: z.strictObject({ window: z.string(), thresholds: z.string() }),
    study: z.strictObject({ marginPx: z.int(), borderPx: z.int(), boundPx: z.int() }),
  }),
  results: z.array(
    z.strictObject({
      model: z.string(),
      path: z.string(),
      refused: z.strictObject({ code: z.string(), reason: z.string() }).nullable(),
      canvas: z.strictObject({ originPx: pixelPair, source: z.enum(["recorded", "rule", "centred"]) }),
      registration: z.strictObject({ offsetPx: pixelPair, atBound: z.boolean() }).nullable(),
      removed: z.strictObject({ constantRad: z.number(), rampRadPerPx: pixelPair, scale: z.number() }).nullable(),
      computationSeconds: known,
      metrics: pair.nullable(),
      study: z
        .strictObject({
          amplitude: studyComponent,
          phase: studyComponent,
          offsetPx: pixelPair,
          amplitudeFactor: z.number(),
          shapePx: pixelPair,
        })
        .nullable(),
    }),
  ),
  /** The first two results against each other, the first in the role of the truth. */
  between: pair.nullable(),
  notes: z.array(z.string()),
});

export type ComparisonRecord = z.output<typeof comparisonSchema>;

/** Names and sources of what was compared, in the order of the results. */
export interface ComparisonSources {
  readonly truth: { readonly path: string; readonly key: string };
  readonly results: readonly {
    readonly model: string;
    readonly path: string;
    readonly computationSeconds: number | null;
  }[];
  readonly notes: readonly string[];
}

/** The record of a comparison; undefined ring correlations are null. PSNR stays infinite for equal images. */
export function describeComparison(compared: ComparedObjects, sources: ComparisonSources, options: CompareOptions) {
  const { region } = compared;
  return {
    format: "ptycho-webgpu comparison",
    formatVersion: 1,
    truth: sources.truth,
    region: {
      box: region.box,
      positionsFrom: region.positionsFrom,
      patterns: region.patterns,
      pointErrorsOver: compared.pointRegion,
      illuminatedShare: compared.illuminatedShare,
    },
    parameters: {
      registerWithinPx: options.registerWithinPx,
      trimPx: options.trimPx,
      scaleBound: options.scaleBound,
      illuminatedFrom: ILLUMINATED_SHARE,
      ssim: { windowPx: SSIM_WINDOW_PX, variance: "sample" },
      msSsim: { weights: SCALE_WEIGHTS, amplitudeSigmaPx: options.msSsimSigmaPx, scales: "every second pixel" },
      msSsimStandard: {
        weights: SCALE_WEIGHTS,
        windowPx: STANDARD_WINDOW.sizePx,
        windowSigmaPx: STANDARD_WINDOW.sigmaPx,
        scales: "means of 2 x 2",
      },
      frc: { window: "Hann, mean subtracted", thresholds: "half-bit (n = Fourier pixels of the ring), 1/7" },
      study: { marginPx: STUDY_MARGIN_PX, borderPx: STUDY_BORDER_PX, boundPx: STUDY_BOUND_PX },
    },
    results: compared.results.map(({ place, refused, alignment, metrics, study }, index) => ({
      ...sources.results[index]!,
      refused,
      canvas: place,
      registration: alignment && { offsetPx: alignment.offsetPx, atBound: alignment.atBound },
      removed: alignment?.removed ?? null,
      metrics: metrics && describePair(metrics),
      study,
    })),
    between: compared.between && describePair(compared.between),
    notes: sources.notes,
  };
}

function describePair({ amplitude, phase }: PairMetrics) {
  return { amplitude: describeComponent(amplitude), phase: describeComponent(phase) };
}

function describeComponent({ frc, ...figures }: ComponentMetrics) {
  const list = (values: Float64Array) => Array.from(values, (value) => (Number.isNaN(value) ? null : value));
  const crossings: { halfBit: FrcCrossing; oneSeventh: FrcCrossing } = {
    halfBit: frc.halfBit,
    oneSeventh: frc.oneSeventh,
  };
  return {
    ...figures,
    frc: {
      sidePx: frc.sidePx,
      ...crossings,
      cyclesPerPx: list(frc.cyclesPerPx),
      correlation: list(frc.correlation),
      halfBitThreshold: list(frc.halfBitThreshold),
    },
  };
}
