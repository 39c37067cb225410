// Photon counts behind normalised amplitudes: simulators store sqrt(counts) over one common scale.

import type { PatternSource } from "./dataset.ts";

/** Values that suffice to see the grid of whole counts. */
const sampledValues = 2 ** 20;

/**
 * Photons per unit of intensity of float32 amplitudes, from whole patterns spread over the scan; null when the values do
 * not show it. Integer counts are at scale 1 already.
 */
export async function findCountScale(patterns: PatternSource): Promise<number | null> {
  if (patterns.quantity !== "amplitude" || patterns.sampleType !== "float32") return null;
  const wanted = Math.max(8, Math.ceil((4 * sampledValues) / patterns.patternBytes));
  const count = Math.min(wanted, patterns.count);
  const sample = new Uint8Array(count * patterns.patternBytes);
  const indices = Array.from({ length: count }, (_, index) => Math.floor((index * patterns.count) / count));
  await patterns.read(indices, sample);
  return countsPerUnitIntensity(new Float32Array(sample.buffer));
}

/**
 * Photons per unit of intensity when amplitudes are square roots of whole counts over one common scale, as simulators write
 * them; null when they are not. `amplitudes` is a sample of at least a few patterns.
 */
export function countsPerUnitIntensity(amplitudes: Float32Array): number | null {
  let smallest = Number.POSITIVE_INFINITY;
  for (const value of amplitudes) if (value > 0 && value < smallest) smallest = value;
  if (smallest === Number.POSITIVE_INFINITY) return null;
  const scale = 1 / smallest ** 2;
  let twos = 0;
  for (const value of amplitudes) {
    const count = value * value * scale;
    // float32 keeps about seven digits; the smallest value carries the same relative error into every count.
    if (Math.abs(count - Math.round(count)) > 1e-6 * count + 1e-3) return null;
    if (Math.round(count) === 2) twos++;
  }
  return twos > 0 ? scale : null;
}
