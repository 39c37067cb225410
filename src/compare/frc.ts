// Fourier ring correlation of two real images: the study's curve and one with window, thresholds and resolution.
// M. van Heel, M. Schatz, J. Struct. Biol. 151, 250 (2005): the half-bit threshold.

import { createComplexImage, frequencyAt, planFft2d } from "../simulate/fft.ts";
import { cropSquare, meanOf, type RealImage } from "./real-image.ts";

/** Where a curve first falls below a threshold, by linear interpolation between rings. */
export interface FrcCrossing {
  /** "never": not up to half a cycle per pixel; "from the start": no ring lies above. */
  readonly state: "crosses" | "never" | "from the start" | "undefined";
  /** Null unless it crosses. */
  readonly cyclesPerPx: number | null;
  /** Full period in pixels, 1 / cyclesPerPx; null unless it crosses. */
  readonly resolutionPx: number | null;
}

/** Correlation of rings one frequency step wide, from ring 1 to half a cycle per pixel. */
export interface FrcCurve {
  /** Side of the centre square; a step is 1 / sidePx cycles per pixel. */
  readonly sidePx: number;
  readonly cyclesPerPx: Float64Array;
  /** NaN where a ring is empty of power. */
  readonly correlation: Float64Array;
  readonly halfBitThreshold: Float64Array;
  readonly halfBit: FrcCrossing;
  readonly oneSeventh: FrcCrossing;
}

/**
 * The study's curve on the centre square, nothing subtracted, no window: |sum F1 F2*| / sqrt(sum |F1|^2 sum |F2|^2)
 * per ring of integer-rounded radius, corners included. NaN where a ring is empty of power.
 */
export function measureStudyFrc(a: RealImage, b: RealImage): Float64Array {
  const sums = sumRings(cropSquare(a), cropSquare(b));
  return sums.cross.map((_, r) =>
    hasPower(sums, r)
      ? Math.hypot(sums.cross[r]!, sums.crossIm[r]!) / Math.sqrt(sums.powerA[r]! * sums.powerB[r]!)
      : Number.NaN,
  );
}

/** Index of the first ring below `threshold`; null when there is none. */
export function findFirstBelow(correlation: Float64Array, threshold: number): number | null {
  const index = correlation.findIndex((value) => value < threshold);
  return index < 0 ? null : index;
}

/**
 * FRC of the centre square with the mean subtracted under a Hann window: Re sum F1 F2* / sqrt(sum |F1|^2 sum |F2|^2).
 * The half-bit threshold takes the number of Fourier pixels of a ring; it is derived for two noisy halves of one data
 * set, so against a noiseless truth it is a convention, not a signal-to-noise ratio.
 */
export function measureFrc(a: RealImage, b: RealImage): FrcCurve {
  const sums = sumRings(applyHann(cropSquare(a)), applyHann(cropSquare(b)));
  const sidePx = Math.min(a.heightPx, a.widthPx);
  const rings = Array.from({ length: sidePx >> 1 }, (_, i) => i + 1);
  const correlation = Float64Array.from(rings, (r) =>
    hasPower(sums, r) ? sums.cross[r]! / Math.sqrt(sums.powerA[r]! * sums.powerB[r]!) : Number.NaN,
  );
  const cyclesPerPx = Float64Array.from(rings, (r) => r / sidePx);
  const halfBitThreshold = Float64Array.from(rings, (r) => {
    const root = Math.sqrt(sums.counts[r]!);
    return (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root);
  });
  const oneSeventhThreshold = new Float64Array(rings.length).fill(1 / 7);
  return {
    sidePx,
    cyclesPerPx,
    correlation,
    halfBitThreshold,
    halfBit: findCrossing(cyclesPerPx, correlation, halfBitThreshold),
    oneSeventh: findCrossing(cyclesPerPx, correlation, oneSeventhThreshold),
  };
}

/** Whether both images have more in a ring than rounding of the transform leaves there. */
function hasPower({ powerA, powerB, roundingPower }: RingSums, ring: number): boolean {
  return powerA[ring]! > roundingPower && powerB[ring]! > roundingPower;
}

function findCrossing(cyclesPerPx: Float64Array, correlation: Float64Array, threshold: Float64Array): FrcCrossing {
  const nowhere = (state: FrcCrossing["state"]): FrcCrossing => ({ state, cyclesPerPx: null, resolutionPx: null });
  if (correlation.length === 0 || correlation.some(Number.isNaN)) return nowhere("undefined");
  const above = correlation.map((value, i) => value - threshold[i]!);
  const first = above.findIndex((value) => value < 0);
  if (first < 0) return nowhere("never");
  if (first === 0) return nowhere("from the start");
  const part = above[first - 1]! / (above[first - 1]! - above[first]!);
  const crossing = cyclesPerPx[first - 1]! + part * (cyclesPerPx[first]! - cyclesPerPx[first - 1]!);
  return { state: "crosses", cyclesPerPx: crossing, resolutionPx: 1 / crossing };
}

function applyHann(image: RealImage): RealImage {
  const { heightPx, widthPx, values } = image;
  const mean = meanOf(values);
  const weightOf = (index: number, length: number) => Math.sin((Math.PI * (index + 0.5)) / length) ** 2;
  const windowed = values.map((value, i) => {
    const weight = weightOf(Math.floor(i / widthPx), heightPx) * weightOf(i % widthPx, widthPx);
    return weight * (value - mean);
  });
  return { heightPx, widthPx, values: windowed };
}

interface RingSums {
  readonly counts: Float64Array;
  readonly cross: Float64Array;
  readonly crossIm: Float64Array;
  readonly powerA: Float64Array;
  readonly powerB: Float64Array;
  /** Power that means nothing. */
  readonly roundingPower: number;
}

const ROUNDING_SHARE = 1e-26;

/** Sums over rings of rounded radius of two square images' spectra, corners included. */
function sumRings(a: RealImage, b: RealImage): RingSums {
  const side = a.heightPx;
  // Both real images share one transform: F(a + ib) = A + iB, taken apart by the symmetry of real images' spectra.
  const wave = createComplexImage(side, side);
  wave.re.set(a.values);
  wave.im.set(b.values);
  planFft2d(side, side).forward(wave);
  const rings = Math.round(Math.SQRT2 * (side >> 1)) + 1;
  const total = [a, b].reduce((sum, { values }) => sum + values.reduce((all, value) => all + value * value, 0), 0);
  const sums: RingSums = {
    roundingPower: ROUNDING_SHARE * side * side * total,
    counts: new Float64Array(rings),
    cross: new Float64Array(rings),
    crossIm: new Float64Array(rings),
    powerA: new Float64Array(rings),
    powerB: new Float64Array(rings),
  };
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i++) {
      const opposite = ((side - y) % side) * side + ((side - x) % side);
      const aRe = (wave.re[i]! + wave.re[opposite]!) / 2;
      const aIm = (wave.im[i]! - wave.im[opposite]!) / 2;
      const bRe = (wave.im[i]! + wave.im[opposite]!) / 2;
      const bIm = (wave.re[opposite]! - wave.re[i]!) / 2;
      const ring = Math.round(Math.hypot(side * frequencyAt(y, side), side * frequencyAt(x, side)));
      sums.counts[ring]! += 1;
      sums.cross[ring]! += aRe * bRe + aIm * bIm;
      sums.crossIm[ring]! += aIm * bRe - aRe * bIm;
      sums.powerA[ring]! += aRe * aRe + aIm * aIm;
      sums.powerB[ring]! += bRe * bRe + bIm * bIm;
    }
  }
  return sums;
}
