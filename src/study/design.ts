// Constants of the dose/overlap study on simulated data: doses, views, splits, sizes, seeds and how its views are chosen.

import { OptionsError } from "../errors.ts";
import { parseDesign, type Split, splits } from "../jobs/design.ts";

const design = parseDesign({});

/** Halves of the object along y. */
export const studySplits = splits;
export type StudySplit = Split;

/** Sub-samplings of a split. The third view of the study, baseline, is the split itself. */
export const studyViews = ["dense", "sparse"] as const;
export type StudyView = (typeof studyViews)[number];

/** How a view is chosen: v1 by spacing, v2 by share of the images. */
export const viewRules = ["v1", "v2"] as const;
export type ViewRule = (typeof viewRules)[number];

/** Mean photons per pattern. */
export const studyDoses: readonly number[] = design.dose_list;

/** Seeds of the original study; the first is the default of `--seed`. */
export const studySeeds = pickSeeds(design.rng_seeds);

/** Linear overlap of neighbouring probe windows that the v1 views are named after. */
export const overlapFractions: Readonly<Record<StudyView, number>> = {
  dense: design.overlap_views.dense!,
  sparse: design.overlap_views.sparse!,
};

/** A view of the v2 rule. */
export interface OverlapSettings {
  /** Images per group is gridsize^2. */
  readonly gridsize: 1 | 2;
  /** Share of the images that the view keeps. */
  readonly imageShare: number;
  readonly groupCount: number;
}

export const overlapSettings: Readonly<Record<StudyView, OverlapSettings>> = {
  dense: { gridsize: 2, imageShare: 0.8, groupCount: 512 },
  sparse: { gridsize: 1, imageShare: 1, groupCount: 512 },
};
/** Neighbours per image that metric 2 looks at. */
export const neighbourCount = 25;
/** Diameter of the disc that stands for the probe in the overlap metrics. */
export const probeDiameterPx = 38.4;

/** Share of the way from the lowest to the highest y at which train ends and test begins. */
export const splitFraction = 0.5;

/** Sizes of a study; `small` keeps every rule and is quick enough for a test. */
export interface StudyScale {
  readonly patternPx: number;
  readonly objectPx: number;
  readonly positions: number;
}
export const studyScales = {
  full: { patternPx: design.patch_size_pixels, objectPx: 464, positions: 10304 },
  // 600: of 300 +- 12 positions per split, dense keeps 0.8, which must be 200 at least for every seed.
  small: { patternPx: 64, objectPx: 232, positions: 600 },
} as const satisfies Record<string, StudyScale>;
export type StudyScaleName = keyof typeof studyScales;

/** Smallest distance between neighbours of a v1 view: (1 - overlap) * pattern size. */
export function spacingThresholdPx(view: StudyView, patternPx: number): number {
  return (1 - overlapFractions[view]) * patternPx;
}

/** Photons of a dose as the simulation counts them: whole ones. Throws OptionsError below 1 or above 2^32 - 1. */
export function wholePhotons(dose: number): number {
  const photons = Math.trunc(dose);
  if (photons >= 1 && photons < 2 ** 32) return photons;
  throw new OptionsError("STUDY_DOSE", "all doses must be positive", {
    field: "dose",
    expected: "1 ... 4294967295 photons per pattern",
    got: String(dose),
  });
}

function pickSeeds({ simulation, grouping, subsampling }: (typeof design)["rng_seeds"]) {
  return { simulation, grouping, subsampling };
}
