// Images that must not be scored: mean scaling and joint ranges reward nonsense (study.md section 6.5, lesson 13).

import type { ComplexArray } from "../complex.ts";
import { fitPhasePlane, subtractPhasePlane } from "./phase-plane.ts";
import { deviationOf, meanOf } from "./real-image.ts";

/** Why an image is not scored. */
export interface Degenerate {
  readonly code: "NOT_FINITE" | "FLAT" | "SCALE";
  readonly reason: string;
}

/** Contrast below which an image counts as constant: some float32 rounding units. */
const FLAT_CONTRAST = 1e-5;

/** A refusal when the image holds NaN or infinite values. */
export function findNonFinite(image: ComplexArray): Degenerate | null {
  const bad = image.data.reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0);
  if (bad === 0) return null;
  return { code: "NOT_FINITE", reason: `NaN or infinite values in the compared region: ${bad}` };
}

/** A refusal when the image [y, x] is zero everywhere, or constant but for a linear ramp of the phase. */
export function findFlat({ shape, data }: ComplexArray): Degenerate | null {
  const [heightPx, widthPx] = shape as [number, number];
  const count = heightPx * widthPx;
  const amplitudes = Float64Array.from({ length: count }, (_, i) => Math.hypot(data[2 * i]!, data[2 * i + 1]!));
  const mean = meanOf(amplitudes);
  if (!(mean > 0)) return { code: "FLAT", reason: "the compared region is zero everywhere" };
  if (deviationOf(amplitudes) / mean > FLAT_CONTRAST) return null;
  const phases = Float64Array.from({ length: count }, (_, i) => Math.atan2(data[2 * i + 1]!, data[2 * i]!));
  const rest = subtractPhasePlane(phases, heightPx, widthPx, fitPhasePlane(phases, heightPx, widthPx));
  if (deviationOf(rest) > FLAT_CONTRAST) return null;
  return { code: "FLAT", reason: "the compared region has the same value everywhere" };
}

/**
 * A refusal when the result had to be scaled by a factor outside 1 / bound ... bound, of 1 or of what the probes lead to
 * expect.
 */
export function findAbsurdScale(scale: number, bound: number, expected: number | null = null): Degenerate | null {
  const centres = expected === null ? [1] : [1, expected];
  if (centres.some((centre) => scale >= centre / bound && scale <= centre * bound)) return null;
  const show = (value: number) => String(Number(value.toPrecision(3)));
  const ranges = centres.map((centre) => `${show(centre / bound)} ... ${show(centre * bound)}`).join(" or ");
  return { code: "SCALE", reason: `the amplitude would have to be scaled by ${scale.toPrecision(4)}, not ${ranges}` };
}

/**
 * Factor from a result's amplitude to the truth's that their probes [..., y, x] lead to expect: object times probe is what
 * is measured, so that more light in the result's probe leaves less to its object. The truth follows the unitary
 * transform of the contract (study.md section 2.3), the result the plain one, hence the root of the pixel count. Null
 * when a probe is unknown, of another size, or dark.
 */
export function expectScale(found: ComplexArray | null, truth: ComplexArray | null): number | null {
  if (!found || !truth) return null;
  const [heightPx, widthPx] = truth.shape.slice(-2) as [number, number];
  if (found.shape.at(-2) !== heightPx || found.shape.at(-1) !== widthPx) return null;
  const energy = ({ data }: ComplexArray) => data.reduce((sum, value) => sum + value * value, 0);
  const ratio = energy(found) / energy(truth);
  return ratio > 0 && Number.isFinite(ratio) ? Math.sqrt(heightPx * widthPx * ratio) : null;
}
