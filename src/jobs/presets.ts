// How a study's jobs are reconstructed: the original script's settings by name, and ours.

import type { ReconstructOptionsInput } from "../options.ts";

export const presetNames = ["best", "study"] as const;
export type PresetName = (typeof presetNames)[number];

/** Below this mean dose (photons per pattern) `best` takes the Poisson model: most pixels then see no photon at all. */
export const POISSON_BELOW_DOSE = 50_000;

/** What a preset may depend on. */
export interface PresetFacts {
  /** Photons per pattern. */
  readonly dose: number;
  readonly epochs: number;
  readonly seed: number;
}

/**
 * Options of a job. `study`: the original script (study.md section 5.7) under pty-chi 2.2.0's power rule, from a flat start.
 * `best`: every pattern, flat start registered on the canvas, no constraints that fight, intensities as photon counts,
 * Poisson noise below `POISSON_BELOW_DOSE`.
 */
export function presetOptions(preset: PresetName, { dose, epochs, seed }: PresetFacts): ReconstructOptionsInput {
  const shared = { epochs, seed, batchSize: 96, initialObject: "flat", canvas: { extraPx: 50 } } as const;
  if (preset === "study") {
    return {
      ...shared,
      noiseModel: "gaussian",
      probe: { power: { enabled: true, target: "median-total-intensity" } },
      data: { firstPatterns: 2000 },
    };
  }
  return {
    ...shared,
    noiseModel: dose < POISSON_BELOW_DOSE ? "poisson" : "gaussian",
    intensityScale: "counts",
  };
}

/** The same settings as flags of `ptycho reconstruct`, beside --epochs and --seed. */
export function presetFlags(preset: PresetName, dose: number): readonly string[] {
  if (preset === "study") return ["--probe-power", "--first-patterns", "2000"];
  return ["--noise-model", dose < POISSON_BELOW_DOSE ? "poisson" : "gaussian", "--intensity-scale", "counts"];
}
