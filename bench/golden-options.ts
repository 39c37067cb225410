// Options of a golden file (pty-chi's names, only what differs from its defaults) as ours. What belongs to later work is
// named, never ignored.

import { parseOptions, type ReconstructOptions } from "../src/index.ts";
import {
  type CaseFacts,
  findFeature,
  type Json,
  type PtychiOptions,
  readPlan,
  viewOptions,
} from "./golden-features.ts";

export type { CaseFacts } from "./golden-features.ts";

/** An option of ours, with the values that are written differently or not there yet. */
interface Target {
  readonly to: string;
  /** By String(value); a value that is not listed is not there yet. */
  readonly values?: Readonly<Record<string, unknown>>;
}

const LARGEST_FLOAT32 = 2 ** 128 - 2 ** 104;

/** Where an option of pty-chi goes in ours; null = it changes nothing here. */
const TARGETS: Readonly<Record<string, Target | null>> = {
  "reconstructor_options.batch_size": null, // the schedule is explicit
  "reconstructor_options.num_epochs": null, // given apart
  "reconstructor_options.random_seed": null,
  "reconstructor_options.use_double_precision_for_fft": null,
  "reconstructor_options.default_dtype": null,
  "reconstructor_options.default_device": null,
  "reconstructor_options.allow_nondeterministic_algorithms": null,
  "reconstructor_options.forward_model_options.low_memory_mode": null,
  "reconstructor_options.noise_model": { to: "noiseModel", values: { gaussian: "gaussian", poisson: "poisson" } },
  "reconstructor_options.gaussian_noise_std": { to: "gaussianNoiseStd" },
  "reconstructor_options.single_slice_solve_obj_prb_step_size_jointly": { to: "solveStepSizesJointly" },
  "reconstructor_options.multislice_solve_obj_prb_step_size_jointly": null, // several slices are named
  "reconstructor_options.solve_step_sizes_only_using_first_probe_mode": { to: "stepSizesFromFirstModeOnly" },
  "reconstructor_options.rescale_probe_intensity_in_first_epoch": { to: "rescaleProbeInFirstEpoch" },
  "reconstructor_options.preconditioning_damping_factor": { to: "preconditionerDamping" },
  "reconstructor_options.exclude_measured_pixels_below": { to: "excludeMeasuredPixelsBelow" },
  "reconstructor_options.displayed_loss_function": {
    to: "displayedLoss",
    values: { mse_sqrt: "mse-sqrt", mse: "mse", null: "noise-model" },
  },
  "data_options.data": null,
  "data_options.valid_pixel_mask": null, // a member of its own
  "data_options.save_data_on_device": null,
  "data_options.wavelength_m": null, // no effect in the far field
  "object_options.initial_guess": null,
  "object_options.optimizable": { to: "object.optimize" },
  "object_options.step_size": { to: "object.stepSize" },
  "object_options.optimal_step_size_scaler": { to: "object.optimalStepSizeScaler" },
  "object_options.multimodal_update": { to: "object.multimodalUpdate" },
  "object_options.build_preconditioner_with_all_modes": { to: "object.preconditionerFromAllModes" },
  "object_options.pixel_size_m": null, // no effect in the far field with equal pixels
  "object_options.pixel_size_aspect_ratio": null,
  "object_options.determine_position_origin_coords_by": null, // the file gives the origin itself
  "object_options.position_origin_coords": null,
  "object_options.remove_object_probe_ambiguity.enabled": { to: "object.removeObjectProbeAmbiguity.enabled" },
  "probe_options.initial_guess": null,
  "probe_options.optimizable": { to: "probe.optimize" },
  "probe_options.step_size": { to: "probe.stepSize" },
  "probe_options.optimal_step_size_scaler": { to: "probe.optimalStepSizeScaler" },
  "probe_options.power_constraint.enabled": { to: "probe.power.enabled" },
  "probe_options.power_constraint.probe_power": null, // together with the switch
  "probe_options.power_constraint.scale_object": { to: "probe.power.scaleObject" },
  "probe_options.orthogonalize_incoherent_modes.enabled": { to: "probe.orthogonalizeModes.enabled" },
  "probe_options.orthogonalize_incoherent_modes.method": {
    to: "probe.orthogonalizeModes.method",
    values: { svd: "svd", gs: "gram-schmidt" },
  },
  "probe_options.orthogonalize_incoherent_modes.sort_by_occupancy": { to: "probe.orthogonalizeModes.sortByOccupancy" },
};

/** Parameters and features with plans: pty-chi's group, our group, our switch, the stride by default. */
const PLANNED: readonly [owner: string, target: string, enabled: string, stride: number][] = [
  ["object_options", "object", "optimize", 1],
  ["probe_options", "probe", "optimize", 1],
  ["object_options.remove_object_probe_ambiguity", "object.removeObjectProbeAmbiguity", "enabled", 10],
  ["probe_options.power_constraint", "probe.power", "enabled", 1],
  ["probe_options.orthogonalize_incoherent_modes", "probe.orthogonalizeModes", "enabled", 1],
];

/** Our options, or the names of what is not there yet. Throws OptionsError for values that no run can take. */
export function optionsFromPtychi(
  optionsClass: string,
  options: Json,
  facts: CaseFacts,
): { options: ReconstructOptions } | { notYet: string[] } {
  if (optionsClass !== "LSQMLOptions") return { notYet: [optionsClass] };
  const view = viewOptions(options, facts);
  const notYet = new Set<string>();
  if (facts.oprModeCount > 1) notYet.add(`probe_initial with ${facts.oprModeCount} OPR modes`);
  if (facts.sliceCount > 1) notYet.add(`object_initial with ${facts.sliceCount} slices`);
  const result: Json = { epochs: facts.epochs };
  for (const [path, value] of flatten(options)) {
    const later = readOption(view, path, value, result);
    if (later !== null) notYet.add(later);
  }
  if (notYet.size > 0) return { notYet: [...notYet] };
  applyPlans(view, result);
  applyPower(view, result);
  return { options: parseOptions(result, "golden options") };
}

/** Takes one option over; returns its name when it is not there yet. */
function readOption(view: PtychiOptions, path: string, value: unknown, result: Json): string | null {
  if (path.endsWith("options_class_name") || isPlanField(path)) return null;
  const feature = findFeature(view, path);
  if (feature) return feature.used ? feature.name : null;
  if (path === "reconstructor_options.batching_mode")
    return value === "random" || value === "uniform" ? null : `${path} = ${value}`;
  if (!Object.hasOwn(TARGETS, path)) return path;
  const target = TARGETS[path]!;
  if (target === null) return null;
  const known = translate(target, value);
  if (known === undefined) return `${path} = ${value}`;
  assign(result, target.to, known);
  return null;
}

/** Our value; undefined when there is none. */
function translate(target: Target, value: unknown): unknown {
  if (target.values) return target.values[String(value)];
  if (value !== "inf") return value;
  return target.to === "excludeMeasuredPixelsBelow" ? LARGEST_FLOAT32 : undefined;
}

/** Plans are read as a whole; a feature has no step size for a scheduler to change. */
function isPlanField(path: string): boolean {
  return PLANNED.some(([owner]) => {
    const inner = path.startsWith(`${owner}.optimization_plan`)
      ? path.slice(`${owner}.optimization_plan`.length)
      : null;
    if (inner === null) return false;
    const parameter = owner === "object_options" || owner === "probe_options";
    return (
      ["", ".start", ".stop", ".stride"].includes(inner) || (!parameter && inner.startsWith(".step_size_scheduler_"))
    );
  });
}

function applyPlans(view: PtychiOptions, result: Json): void {
  for (const [owner, target, enabled, defaultStride] of PLANNED) {
    const { active, ...plan } = readPlan(view, owner, defaultStride);
    if (!active) assign(result, `${target}.${enabled}`, false);
    // ours has to stop after it starts; what is switched off keeps only the start
    assign(result, `${target}.plan`, active ? plan : { start: plan.start });
  }
}

/** Without a power to aim at the constraint does nothing (constraints.md 3.1). */
function applyPower(view: PtychiOptions, result: Json): void {
  const power = view.get("probe_options.power_constraint.probe_power", 0);
  if (power === 0) assign(result, "probe.power.enabled", false);
  else assign(result, "probe.power.target", power);
}

/** [path, leaf] of nested objects. */
function flatten(value: Json, prefix = ""): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = prefix ? `${prefix}.${key}` : key;
    const nested = typeof inner === "object" && inner !== null && !Array.isArray(inner);
    return nested ? flatten(inner as Json, path) : [[path, inner] as [string, unknown]];
  });
}

function assign(target: Json, path: string, value: unknown): void {
  const parts = path.split(".");
  let place = target;
  for (const part of parts.slice(0, -1)) place = (place[part] ??= {}) as Json;
  place[parts.at(-1)!] = value;
}
