// How a study's jobs are reconstructed: the original script's settings by name, and ours.

import type { ReconstructOptionsInput } from "../options.ts";

export const presetNames = ["best", "study"] as const;
export type PresetName = (typeof presetNames)[number];

/**
 * Below this mean dose (photons per pattern) `best` takes the Poisson model: no dose of the study's own design does. On the
 * study's small scale (64 px) the Gaussian model on counts had the lower phase error at 1,000 photons, 0.134 against
 * 0.172 rad.
 */
export const POISSON_BELOW_DOSE = 500;

/** What a preset may depend on. */
export interface PresetFacts {
  /** Photons per pattern. */
  readonly dose: number;
  readonly epochs: number;
  readonly seed: number;
}

/**
 * Options of a job. `study`: the original script (study.md section 5.7) under pty-chi 2.2.0's power rule, from a flat start.
 * `best`: every pattern, flat start registered on the canvas, no constraints that fight, intensities as photon counts (by
 * the dose, the mean of Phase C, where the values do not show single ones), Poisson noise below `POISSON_BELOW_DOSE`; large
 * minibatches and short probe steps, which average the noise of single photons instead of following it.
 */
export function presetOptions(preset: PresetName, { dose, epochs, seed }: PresetFacts): ReconstructOptionsInput {
  const shared = { epochs, seed, initialObject: "flat", canvas: { extraPx: 50 } } as const;
  if (preset === "study") {
    return {
      ...shared,
      batchSize: 96,
      noiseModel: "gaussian",
      probe: { power: { enabled: true, target: "median-total-intensity" } },
      data: { firstPatterns: 2000 },
    };
  }
  return {
    ...shared,
    batchSize: 512,
    noiseModel: noiseModelFor(dose),
    intensityScale: "counts",
    photonsPerPattern: dose,
    probe: { optimalStepSizeScaler: 0.1 },
  };
}

/** The same settings as flags of `ptycho reconstruct`, beside --epochs and --seed. */
export function presetFlags(preset: PresetName, dose: number): readonly string[] {
  if (preset === "study") return ["--probe-power", "--first-patterns", "2000"];
  const scale = ["--intensity-scale", "counts", "--photons-per-pattern", String(dose)];
  const steps = ["--probe-optimal-step-size-scaler", "0.1"];
  return ["--batch-size", "512", "--noise-model", noiseModelFor(dose), ...scale, ...steps];
}

function noiseModelFor(dose: number): "gaussian" | "poisson" {
  return dose < POISSON_BELOW_DOSE ? "poisson" : "gaussian";
}
