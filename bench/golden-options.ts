// Options of a golden file (pty-chi's names) as ours. What belongs to a later issue is named, never ignored.

import { parseOptions, type ReconstructOptions } from "../src/index.ts";

type Json = Record<string, unknown>;

/** Where an option of pty-chi goes in ours; null = it changes nothing here. */
const TARGETS: Readonly<Record<string, string | null>> = {
  "reconstructor_options.batch_size": "batchSize",
  "reconstructor_options.batching_mode": null, // the schedule is explicit; compact is refused below
  "reconstructor_options.num_epochs": null,
  "reconstructor_options.random_seed": null,
  "reconstructor_options.use_double_precision_for_fft": null,
  "reconstructor_options.default_dtype": null,
  "reconstructor_options.default_device": null,
  "reconstructor_options.allow_nondeterministic_algorithms": null,
  "reconstructor_options.forward_model_options.low_memory_mode": null,
  "reconstructor_options.noise_model": "noiseModel",
  "reconstructor_options.gaussian_noise_std": "gaussianNoiseStd",
  "reconstructor_options.single_slice_solve_obj_prb_step_size_jointly": "solveStepSizesJointly",
  "reconstructor_options.multislice_solve_obj_prb_step_size_jointly": null,
  "reconstructor_options.solve_step_sizes_only_using_first_probe_mode": "stepSizesFromFirstModeOnly",
  "reconstructor_options.rescale_probe_intensity_in_first_epoch": "rescaleProbeInFirstEpoch",
  "reconstructor_options.preconditioning_damping_factor": "preconditionerDamping",
  "reconstructor_options.exclude_measured_pixels_below": "excludeMeasuredPixelsBelow",
  "reconstructor_options.displayed_loss_function": "displayedLoss",
  "data_options.wavelength_m": null, // no effect in the far field
  "data_options.detector_pixel_size_m": null,
  "data_options.fft_shift": null, // true here; false is refused below
  "object_options.optimizable": "object.optimize",
  "object_options.optimization_plan": "object.plan",
  "object_options.step_size": "object.stepSize",
  "object_options.optimal_step_size_scaler": "object.optimalStepSizeScaler",
  "object_options.multimodal_update": "object.multimodalUpdate",
  "object_options.build_preconditioner_with_all_modes": "object.preconditionerFromAllModes",
  "object_options.pixel_size_m": null, // no effect in the far field with equal pixels
  "object_options.determine_position_origin_coords_by": null, // the file gives the origin itself
  "object_options.position_origin_coords": null,
  "object_options.remove_object_probe_ambiguity.enabled": "object.removeObjectProbeAmbiguity.enabled",
  "object_options.remove_object_probe_ambiguity.optimization_plan": "object.removeObjectProbeAmbiguity.plan",
  "probe_options.optimizable": "probe.optimize",
  "probe_options.optimization_plan": "probe.plan",
  "probe_options.step_size": "probe.stepSize",
  "probe_options.optimal_step_size_scaler": "probe.optimalStepSizeScaler",
  "probe_options.power_constraint.enabled": "probe.power.enabled",
  "probe_options.power_constraint.probe_power": "probe.power.target",
  "probe_options.power_constraint.scale_object": "probe.power.scaleObject",
  "probe_options.power_constraint.optimization_plan": "probe.power.plan",
  "probe_options.orthogonalize_incoherent_modes.enabled": "probe.orthogonalizeModes.enabled",
  "probe_options.orthogonalize_incoherent_modes.method": "probe.orthogonalizeModes.method",
  "probe_options.orthogonalize_incoherent_modes.sort_by_occupancy": "probe.orthogonalizeModes.sortByOccupancy",
  "probe_options.orthogonalize_incoherent_modes.optimization_plan": "probe.orthogonalizeModes.plan",
  "probe_options.orthogonalize_opr_modes.enabled": null, // one OPR mode
};

/** Values that are written differently. */
const VALUES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  displayedLoss: { mse_sqrt: "mse-sqrt", mse: "mse", none: "noise-model" },
  "probe.orthogonalizeModes.method": { svd: "svd", gs: "gram-schmidt" },
};

/** Our options, or the names of what is not there yet. */
export function optionsFromPtychi(
  optionsClass: string,
  options: Json,
  epochs: number,
): { options: ReconstructOptions } | { notYet: string[] } {
  if (optionsClass !== "LSQMLOptions") return { notYet: [optionsClass] };
  const notYet: string[] = [];
  const result: Json = { epochs };
  for (const [path, value] of flatten(options)) {
    const target = findTarget(path);
    if (target === undefined) {
      if (!isInactive(path, value, options)) notYet.push(path);
    } else if (target.name !== null) {
      assign(result, target.name, translate(target.name.split(".").slice(0, 3).join("."), value));
    }
    if (path === "reconstructor_options.batching_mode" && value === "compact") notYet.push("batching_mode compact");
    if (path === "data_options.fft_shift" && value === false) notYet.push("fft_shift false");
    if (path === "reconstructor_options.displayed_loss_function" && value === "poisson")
      notYet.push("displayed_loss_function poisson");
  }
  return notYet.length > 0 ? { notYet } : { options: parseOptions(result, "golden options") };
}

/** [path, leaf] of nested objects. */
function flatten(value: Json, prefix = ""): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = prefix ? `${prefix}.${key}` : key;
    const nested = typeof inner === "object" && inner !== null && !Array.isArray(inner);
    return nested ? flatten(inner as Json, path) : [[path, inner] as [string, unknown]];
  });
}

function findTarget(path: string): { name: string | null } | undefined {
  if (path in TARGETS) return { name: TARGETS[path]! };
  // plans keep their start, stop and stride
  const cut = path.lastIndexOf(".");
  const parent = TARGETS[path.slice(0, cut)];
  return typeof parent === "string" && parent.endsWith("plan")
    ? { name: `${parent}.${path.slice(cut + 1)}` }
    : undefined;
}

/** An option of a feature that is switched off, or an explicit neutral value, changes nothing. */
function isInactive(path: string, value: unknown, options: Json): boolean {
  if (value === null || value === false || value === 0) return true;
  const parts = path.split(".");
  let feature: unknown = options;
  for (const part of parts.slice(0, -1)) feature = (feature as Json)[part];
  return (feature as Json).enabled === false;
}

function translate(target: string, value: unknown): unknown {
  const known = VALUES[target];
  if (value === "inf") return null;
  return known && typeof value === "string" ? (known[value] ?? value) : value;
}

function assign(target: Json, path: string, value: unknown): void {
  const parts = path.split(".");
  let place = target;
  for (const part of parts.slice(0, -1)) place = (place[part] ??= {}) as Json;
  place[parts.at(-1)!] = value;
}
