// Photon counts behind normalised amplitudes: simulators store sqrt(counts) over one common scale.

import type { PatternSource } from "./dataset.ts";
import type { DatasetPlan } from "./dataset-plan.ts";
import { allocateNpy, toNumbers } from "./npy-array.ts";
import type { NpzFile } from "./npz.ts";
import { packedFacts } from "./pattern-pass.ts";

/** Values that suffice to see the grid of whole counts. */
const sampledValues = 2 ** 20;

/**
 * Photons per unit of intensity of float32 amplitudes, from the first patterns of a scan; null when the values do not show
 * it. Integer counts are at scale 1 already.
 */
export async function findCountScale(patterns: PatternSource): Promise<number | null> {
  if (patterns.quantity !== "amplitude" || patterns.sampleType !== "float32") return null;
  const count = sampledPatterns(patterns.count, patterns.patternBytes);
  const sample = new Uint8Array(count * patterns.patternBytes);
  await patterns.read([...Array(count).keys()], sample);
  return countsPerUnitIntensity(new Float32Array(sample.buffer));
}

/**
 * What `findCountScale` will say about the first `used` patterns of a file, from the start of its pattern stack; undefined
 * when patterns do not lie one after the other there.
 */
export async function peekCountScale(
  npz: NpzFile,
  plan: DatasetPlan,
  used: number,
): Promise<number | null | undefined> {
  const { sampleType, patternBytes } = packedFacts(plan);
  if (plan.decision.quantity !== "amplitude" || sampleType !== "float32") return null;
  if (!plan.patternMajor) return undefined;
  const { key, header } = plan.patterns;
  const elementCount = sampledPatterns(used, patternBytes) * plan.stored.heightPx * plan.stored.widthPx;
  const target = allocateNpy({ ...header, shape: [elementCount], elementCount, fortranOrder: false }, "", key);
  target.body.set(await npz.readStart(key, target.body.length));
  const array = target.finish();
  if (array.dtype === "str") return null;
  // what cannot be used is 0 for a run
  const values = toNumbers(array, "", key).map((value) => (value >= 0 && Number.isFinite(value) ? value : 0));
  return countsPerUnitIntensity(Float32Array.from(values));
}

/** The first patterns, so that the start of a file tells what a whole reading will find. */
function sampledPatterns(count: number, patternBytes: number): number {
  return Math.min(count, Math.max(8, Math.ceil((4 * sampledValues) / patternBytes)));
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
