// Which of pty-chi's features a case uses: a feature that is switched off, whose plan is never active or whose weight is
// zero changes nothing (constraints.md section 3, lsqml.md sections 6 to 11).

export type Json = Record<string, unknown>;

/** What else decides whether an option has an effect. */
export interface CaseFacts {
  readonly epochs: number;
  readonly oprModeCount: number;
  readonly sliceCount: number;
}

/** Options of pty-chi by path, with what the case's arrays and epochs make of them. */
export interface PtychiOptions extends CaseFacts {
  /** The value at a path; `fallback` where it is not given. */
  get(path: string, fallback?: unknown): unknown;
}

/** A plan within the epochs of a run; `active` tells whether any of them is in it. */
export interface Plan {
  readonly start: number;
  readonly stop: number | null;
  readonly stride: number;
  readonly active: boolean;
}

/** Looks options up by path; null for a group counts as not given. */
export function viewOptions(options: Json, facts: CaseFacts): PtychiOptions {
  const get = (path: string, fallback: unknown = undefined): unknown => {
    let value: unknown = options;
    for (const part of path.split(".")) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return fallback;
      value = (value as Json)[part];
    }
    return value;
  };
  return { ...facts, get };
}

/**
 * The optimisation plan of a parameter or a feature, `first` = the first epoch it could act in. Numbers beyond the run are
 * brought into it: the start still tells when the illumination map is renewed.
 */
export function readPlan(view: PtychiOptions, owner: string, defaultStride = 1, first = 0): Plan {
  const field = (name: string, fallback: number | null) =>
    (view.get(`${owner}.optimization_plan.${name}`, fallback) as number | null) ?? fallback;
  const start = Math.min(field("start", 0)!, view.epochs);
  const stop = field("stop", null);
  const stride = Math.min(field("stride", defaultStride)!, view.epochs);
  const end = Math.min(stop ?? Infinity, view.epochs);
  let active = false;
  for (let epoch = start; epoch < end; epoch += stride) active ||= epoch >= first;
  return { start, stop: stop !== null && stop < view.epochs ? stop : null, stride, active };
}

/** A feature with a switch of its own that is off by default. */
function runs(view: PtychiOptions, owner: string): boolean {
  return view.get(`${owner}.enabled`) === true && readPlan(view, owner).active;
}

/** A parameter that is updated in an epoch that updates anything. */
function isUpdated(view: PtychiOptions, owner: string, byDefault: boolean): boolean {
  const first = view.get("reconstructor_options.rescale_probe_intensity_in_first_epoch", true) === false ? 0 : 1;
  return view.get(`${owner}.optimizable`, byDefault) === true && readPlan(view, owner, 1, first).active;
}

const isPositive = (value: unknown) => value === "inf" || Number(value) > 0;

function weighted(weight: string) {
  return (view: PtychiOptions, owner: string) => runs(view, owner) && isPositive(view.get(`${owner}.${weight}`, 0));
}

/** Settings of torch's SGD that change a step; the others only matter together with these. */
const STEP_CHANGERS = ["lr", "momentum", "weight_decay", "maximize"];

function changesSteps(view: PtychiOptions, path: string): boolean {
  const owner = path.slice(0, path.lastIndexOf("."));
  const params = view.get(path, {}) as Json | null;
  return isUpdated(view, owner, true) && STEP_CHANGERS.some((name) => params?.[name]);
}

function isOtherOptimizer(view: PtychiOptions, path: string): boolean {
  return isUpdated(view, path.slice(0, path.lastIndexOf(".")), true) && view.get(path) !== "sgd";
}

function hasScheduler(view: PtychiOptions, path: string): boolean {
  const [owner] = path.split(".") as [string];
  return isUpdated(view, owner, true) && (view.get(path) ?? null) !== null;
}

/** conventions.md section 11: the feature is on where width or height differ, each taken from the object if not given. */
function hasOtherPixels(view: PtychiOptions): boolean {
  const width = Number(view.get("object_options.pixel_size_m", 1));
  const aspect = Number(view.get("object_options.pixel_size_aspect_ratio", 1));
  const probeWidth = Number(view.get("probe_options.pixel_size_m") ?? width);
  const probeAspect = Number(view.get("probe_options.pixel_size_aspect_ratio") ?? aspect);
  return probeWidth !== width || probeWidth / probeAspect !== width / aspect;
}

const differsFrom = (value: unknown) => (view: PtychiOptions, path: string) => view.get(path) !== value;
const hasEigenmodes = (view: PtychiOptions) => view.oprModeCount > 1;
const never = () => false;

/** Groups of options (or single ones) that belong to later work, and whether a case uses them. */
const FEATURES: Readonly<Record<string, (view: PtychiOptions, path: string) => boolean>> = {
  "reconstructor_options.momentum_acceleration_gain": (view, path) => isPositive(view.get(path)),
  "reconstructor_options.momentum_acceleration_gradient_mixing_factor": never, // the gain is named
  "reconstructor_options.compact_mode_update_clustering": never, // compact batches are named
  "reconstructor_options.compact_mode_update_clustering_stride": never,
  "reconstructor_options.forward_model_options.pad_for_shift": (view, path) => isPositive(view.get(path)),
  "reconstructor_options.forward_model_options.diffraction_pattern_blur_sigma": differsFrom(null),
  "data_options.free_space_propagation_distance_m": differsFrom("inf"),
  "data_options.fft_shift": differsFrom(true),
  "object_options.optimizer": isOtherOptimizer,
  "object_options.optimizer_params": changesSteps,
  "object_options.optimization_plan.step_size_scheduler_class": hasScheduler,
  "object_options.optimization_plan.step_size_scheduler_options": never, // the class is named
  "object_options.slice_spacings_m": never, // several slices are named
  "object_options.slice_spacing_options": (view, owner) => view.get(`${owner}.optimizable`) === true,
  "object_options.patch_interpolation_method": differsFrom("fourier"),
  "object_options.l1_norm_constraint": weighted("weight"),
  "object_options.l2_norm_constraint": weighted("weight"),
  "object_options.total_variation": weighted("weight"),
  "object_options.smoothness_constraint": weighted("alpha"),
  "object_options.hard_limits_magnitude_phase": runs,
  "object_options.remove_grid_artifacts": runs,
  "object_options.multislice_regularization": (view, owner) => view.sliceCount > 1 && weighted("weight")(view, owner),
  "probe_options.optimizer": isOtherOptimizer,
  "probe_options.optimizer_params": changesSteps,
  "probe_options.optimization_plan.step_size_scheduler_class": hasScheduler,
  "probe_options.optimization_plan.step_size_scheduler_options": never,
  "probe_options.pixel_size_m": hasOtherPixels,
  "probe_options.pixel_size_aspect_ratio": hasOtherPixels,
  "probe_options.orthogonalize_opr_modes": hasEigenmodes,
  "probe_options.eigenmode_update_relaxation": hasEigenmodes,
  "probe_options.support_constraint": runs,
  "probe_options.center_constraint": runs,
  // moves positions, if only by rounding, whether they are optimised or not
  "probe_position_options.affine_transform_constraint": (view, owner) =>
    runs(view, owner) && view.get(`${owner}.apply_constraint`, true) !== false,
  probe_position_options: (view, owner) => isUpdated(view, owner, false),
  // with one OPR mode only the primary weights can change, which nothing reads then
  opr_mode_weight_options: (view, owner) =>
    view.oprModeCount > 1 ||
    (isUpdated(view, owner, false) && view.get(`${owner}.optimize_intensity_variation`) === true),
};

/** The feature an option belongs to and whether the case uses it; null for options of no listed feature. */
export function findFeature(view: PtychiOptions, path: string): { name: string; used: boolean } | null {
  for (let name = path; name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    const isUsed = FEATURES[name];
    if (isUsed) return { name, used: isUsed(view, name) };
  }
  return null;
}
