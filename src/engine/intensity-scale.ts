// Intensities at another scale while a run lasts. LSQML damps its steps by absolute numbers (conventions.md section 9),
// and the Poisson model adds constants that assume photons: data normalised to about 1 per pattern converge slowly.

import type { ComplexArray } from "../complex.ts";
import { findCountScale } from "../data/count-scale.ts";
import type { Dataset, DatasetNote } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import type { ReconstructOptions } from "../options.ts";
import type { LsqmlProblem } from "./problem.ts";

/**
 * The factor that `options.intensityScale` asks for. Photons that the amplitudes do not show as square roots of whole counts
 * come from `options.photonsPerPattern`; without it, throws InputError INTENSITY_SCALE (65).
 */
export async function resolveIntensityScale(
  dataset: Dataset,
  options: ReconstructOptions,
): Promise<{ scale: number; notes: DatasetNote[] }> {
  const asked = options.intensityScale;
  if (asked === null) return { scale: 1, notes: [] };
  const info = (message: string): DatasetNote[] => [{ level: "info", code: "INTENSITY_SCALE", message }];
  if (asked !== "counts") return { scale: asked, notes: [] };
  if (dataset.patterns.quantity === "intensity") return { scale: 1, notes: info("intensities are taken as counts") };
  const scale = await findCountScale(dataset.patterns);
  if (scale !== null) return { scale, notes: info(`${scale.toPrecision(6)} photons per unit of intensity`) };
  const { photonsPerPattern } = options;
  if (photonsPerPattern !== null) {
    const mean = dataset.totalIntensity.reduce((sum, value) => sum + value, 0) / dataset.totalIntensity.length;
    const given = photonsPerPattern / mean;
    const message = `single counts cannot be seen; ${given.toPrecision(6)} photons per unit of intensity, for ${photonsPerPattern} photons per pattern on average`;
    return { scale: given, notes: [{ level: "warning", code: "INTENSITY_SCALE", message }] };
  }
  throw new InputError("INTENSITY_SCALE", "the amplitudes are not square roots of whole counts over one scale", {
    source: dataset.name,
    field: "diffraction",
    expected: "photon noise that shows single counts",
    got: "other values",
    remedy:
      "Give the photons per unit of intensity with --intensity-scale, or the mean per pattern with --photons-per-pattern",
  });
}

/** The same problem with intensities times `scale`; the object is unchanged, the probe grows by its root. */
export function scaleProblem(problem: LsqmlProblem, scale: number): LsqmlProblem {
  if (scale === 1) return problem;
  const { options } = problem;
  const { power } = options.probe;
  const target = typeof power.target === "number" ? scale * power.target : power.target;
  return {
    ...problem,
    amplitudeScale: Math.sqrt(scale),
    probe: scaleWave(problem.probe, Math.sqrt(scale)),
    totalIntensity: Float64Array.from(problem.totalIntensity, (value) => scale * value),
    options: { ...options, probe: { ...options.probe, power: { ...power, target } } },
  };
}

/** The probe of a scaled run in the data's own units. */
export function unscaleProbe(probe: ComplexArray, scale: number): ComplexArray {
  return scale === 1 ? probe : scaleWave(probe, 1 / Math.sqrt(scale));
}

/** Factor that takes a reported loss back to the data's own units; the Poisson model's loss has none and stays. */
export function lossFactor(options: ReconstructOptions, scale: number): number {
  if (options.displayedLoss === "mse") return 1 / scale ** 2;
  return options.displayedLoss === "noise-model" && options.noiseModel === "poisson" ? 1 : 1 / scale;
}

function scaleWave({ shape, data }: ComplexArray, factor: number): ComplexArray {
  return { shape, data: data.map((value) => factor * value) };
}
