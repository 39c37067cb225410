// Structural similarity: Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Process. 13, 600 (2004), and its multi-scale
// forms: the standard one (Wang, Simoncelli, Bovik, Asilomar 2003) and the one of the study (study.md section 6.3).

import { filterValid, gaussianKernel, halveByMeans, type RealImage, rangeOf, takeEverySecond } from "./real-image.ts";

/** Side of the uniform window of `measureSsim`. */
export const SSIM_WINDOW_PX = 7;
/** Weights of the scales, finest first (Wang 2003). */
export const SCALE_WEIGHTS: readonly number[] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
/** Window of the standard form. */
export const STANDARD_WINDOW = { sizePx: 11, sigmaPx: 1.5 } as const;

const K1 = 0.01;
const K2 = 0.03;
/** What the study puts in the place of negative similarities. */
const STUDY_FLOOR = 1e-4;

/** A multi-scale similarity and the scales that the image had room for. */
export interface MultiScaleSimilarity {
  readonly value: number | null;
  readonly levels: number;
}

/**
 * Mean SSIM over all 7 x 7 windows that fit, equal weights, sample variances: scikit-image's defaults. Null when the
 * images are smaller than a window or `dataRange` is 0.
 */
export function measureSsim(a: RealImage, b: RealImage, dataRange: number): number | null {
  if (!fits(a, SSIM_WINDOW_PX) || !(dataRange > 0)) return null;
  const kernel = new Float64Array(SSIM_WINDOW_PX).fill(1 / SSIM_WINDOW_PX);
  const count = SSIM_WINDOW_PX ** 2;
  return averageSimilarity(a, b, kernel, count / (count - 1), dataRange).ssim;
}

/**
 * The study's MS-SSIM: the full SSIM of `measureSsim` at every scale, each scale every second pixel of the one before
 * without a filter, ending where a side is below 7; negative ones become 1e-4; product of the powers by the weights as
 * they are, also when scales are missing. Data range: joint range of both images at full size.
 */
export function measureStudyMsSsim(a: RealImage, b: RealImage): MultiScaleSimilarity {
  const [lowA, highA] = rangeOf(a.values);
  const [lowB, highB] = rangeOf(b.values);
  const dataRange = Math.max(highA, highB) - Math.min(lowA, lowB);
  let [product, levels] = [1, 0];
  for (let [here, there] = [a, b]; levels < SCALE_WEIGHTS.length && fits(here, SSIM_WINDOW_PX); levels++) {
    const similarity = measureSsim(here, there, dataRange);
    if (similarity === null) return { value: null, levels };
    product *= (similarity < 0 ? STUDY_FLOOR : similarity) ** SCALE_WEIGHTS[levels]!;
    [here, there] = [takeEverySecond(here), takeEverySecond(there)];
  }
  return { value: levels > 0 ? product : null, levels };
}

/**
 * The standard MS-SSIM: contrast-structure means of all scales and the luminance of the coarsest, 11 x 11 Gaussian
 * window of sigma 1.5, population variances, scales by means of 2 x 2 pixels. An image without room for five scales
 * (sides of 176) gets those that fit, their weights scaled to sum 1. Negative means count as 0.
 */
export function measureStandardMsSsim(a: RealImage, b: RealImage, dataRange: number): MultiScaleSimilarity {
  if (!(dataRange > 0)) return { value: null, levels: 0 };
  const kernel = gaussianKernel(STANDARD_WINDOW.sizePx >> 1, STANDARD_WINDOW.sigmaPx);
  const scales: Similarity[] = [];
  for (
    let [here, there] = [a, b];
    scales.length < SCALE_WEIGHTS.length && fits(here, STANDARD_WINDOW.sizePx);
    [here, there] = [halveByMeans(here), halveByMeans(there)]
  ) {
    scales.push(averageSimilarity(here, there, kernel, 1, dataRange));
  }
  const levels = scales.length;
  if (levels === 0) return { value: null, levels };
  const weights = SCALE_WEIGHTS.slice(0, levels);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const value = scales.reduce((product, { ssim, contrastStructure }, level) => {
    const mean = level === levels - 1 ? ssim : contrastStructure;
    return product * Math.max(0, mean) ** (weights[level]! / sum);
  }, 1);
  return { value, levels };
}

interface Similarity {
  readonly ssim: number;
  readonly contrastStructure: number;
}

/** Means over all windows that fit; `unbias` is the factor on variances and covariance. */
function averageSimilarity(
  a: RealImage,
  b: RealImage,
  kernel: Float64Array,
  unbias: number,
  dataRange: number,
): Similarity {
  const c1 = (K1 * dataRange) ** 2;
  const c2 = (K2 * dataRange) ** 2;
  const product = (p: RealImage, q: RealImage) =>
    filterValid({ ...p, values: p.values.map((value, i) => value * q.values[i]!) }, kernel).values;
  const [meansA, meansB] = [filterValid(a, kernel).values, filterValid(b, kernel).values];
  const [squaresA, squaresB, products] = [product(a, a), product(b, b), product(a, b)];
  let [ssim, contrastStructure] = [0, 0];
  for (let i = 0; i < meansA.length; i++) {
    const [meanA, meanB] = [meansA[i]!, meansB[i]!];
    const varianceA = unbias * (squaresA[i]! - meanA * meanA);
    const varianceB = unbias * (squaresB[i]! - meanB * meanB);
    const covariance = unbias * (products[i]! - meanA * meanB);
    const structure = (2 * covariance + c2) / (varianceA + varianceB + c2);
    contrastStructure += structure;
    ssim += (structure * (2 * meanA * meanB + c1)) / (meanA * meanA + meanB * meanB + c1);
  }
  return { ssim: ssim / meansA.length, contrastStructure: contrastStructure / meansA.length };
}

function fits(image: RealImage, sidePx: number): boolean {
  return Math.min(image.heightPx, image.widthPx) >= sidePx;
}
