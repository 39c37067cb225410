// How a study's jobs are reconstructed: the original script's settings by name, and ours.

import type { ReconstructOptionsInput } from "../options.ts";

export const presetNames = ["best", "study"] as const;
export type PresetName = (typeof presetNames)[number];

/**
 * Below this mean dose (photons per pattern) `best` takes the Poisson model, except in the dark. A choice: measured up to
 * 100,000, and with so many photons the models differ little.
 */
export const POISSON_BELOW_DOSE = 1e6;
/**
 * Below this one, few pixels see a photon at all: the Gaussian model with short steps of the object, too, had the lower
 * phase error there (bench/results/study-h100.md).
 */
export const DARK_BELOW_DOSE = 3000;

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
 * the dose, the mean of Phase C, where the values do not show single ones), Poisson noise from `DARK_BELOW_DOSE` to
 * `POISSON_BELOW_DOSE`; large minibatches and short steps, which average the noise of single photons instead of following it.
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
    ...(dose < DARK_BELOW_DOSE ? { object: { optimalStepSizeScaler: 0.3 } } : {}),
  };
}

/** The same settings as flags of `ptycho reconstruct`, beside --epochs and --seed. */
export function presetFlags(preset: PresetName, dose: number): readonly string[] {
  if (preset === "study") return ["--probe-power", "--first-patterns", "2000"];
  const scale = ["--intensity-scale", "counts", "--photons-per-pattern", String(dose)];
  const steps = ["--probe-optimal-step-size-scaler", "0.1"];
  if (dose < DARK_BELOW_DOSE) steps.push("--object-optimal-step-size-scaler", "0.3");
  return ["--batch-size", "512", "--noise-model", noiseModelFor(dose), ...scale, ...steps];
}

function noiseModelFor(dose: number): "gaussian" | "poisson" {
  return dose >= DARK_BELOW_DOSE && dose < POISSON_BELOW_DOSE ? "poisson" : "gaussian";
}
