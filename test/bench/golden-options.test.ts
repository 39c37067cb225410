// Options of golden files, in pty-chi's names and with every value that its own checks accept, as ours.
import { describe, expect, test } from "vitest";
import { type CaseFacts, optionsFromPtychi } from "../../bench/golden-options.ts";
import type { ReconstructOptions } from "../../src/index.ts";

type Json = Record<string, unknown>;

const plain: CaseFacts = { epochs: 6, oprModeCount: 1, sliceCount: 1 };

/** { a: { b: value } } for the path "a.b". */
function nest(path: string, value: unknown): Json {
  return path
    .split(".")
    .reverse()
    .reduce<unknown>((inner, key) => ({ [key]: inner }), value) as Json;
}

function merge(first: Json, second: Json): Json {
  const result: Json = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const below = result[key];
    const groups = [below, value].every((part) => typeof part === "object" && part !== null && !Array.isArray(part));
    result[key] = groups ? merge(below as Json, value as Json) : value;
  }
  return result;
}

/** Options from [path, value] pairs. */
const give = (...pairs: [string, unknown][]): Json => pairs.map(([path, value]) => nest(path, value)).reduce(merge, {});

function read(options: Json, facts: Partial<CaseFacts> = {}): ReconstructOptions {
  const mapped = optionsFromPtychi("LSQMLOptions", options, { ...plain, ...facts });
  if ("notYet" in mapped) throw new Error(`not yet: ${mapped.notYet.join(", ")}`);
  return mapped.options;
}

function notYet(options: Json, facts: Partial<CaseFacts> = {}): readonly string[] {
  const mapped = optionsFromPtychi("LSQMLOptions", options, { ...plain, ...facts });
  return "notYet" in mapped ? mapped.notYet : [];
}

const valueAt = (options: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((at, key) => (at as Json)[key], options);

const R = "reconstructor_options";
const O = "object_options";
const P = "probe_options";
const W = `${P}.power_constraint`;
const A = `${O}.remove_object_probe_ambiguity`;
const M = `${P}.orthogonalize_incoherent_modes`;
const X = "probe_position_options";
const V = "opr_mode_weight_options";

describe("options that mean the same as ours", () => {
  const rows: [given: Json, target: string, value: unknown][] = [
    [give([`${R}.noise_model`, "poisson"]), "noiseModel", "poisson"],
    [give([`${R}.noise_model`, "gaussian"]), "noiseModel", "gaussian"],
    [give([`${R}.gaussian_noise_std`, 0.7]), "gaussianNoiseStd", 0.7],
    [give([`${R}.single_slice_solve_obj_prb_step_size_jointly`, false]), "solveStepSizesJointly", false],
    [give([`${R}.solve_step_sizes_only_using_first_probe_mode`, false]), "stepSizesFromFirstModeOnly", false],
    [give([`${R}.rescale_probe_intensity_in_first_epoch`, false]), "rescaleProbeInFirstEpoch", false],
    [give([`${R}.preconditioning_damping_factor`, 0.3]), "preconditionerDamping", 0.3],
    [give([`${R}.preconditioning_damping_factor`, 0]), "preconditionerDamping", 0],
    [give([`${R}.exclude_measured_pixels_below`, 0.064]), "excludeMeasuredPixelsBelow", 0.064],
    [give([`${R}.exclude_measured_pixels_below`, 0]), "excludeMeasuredPixelsBelow", 0],
    [give([`${R}.exclude_measured_pixels_below`, null]), "excludeMeasuredPixelsBelow", null],
    [give([`${R}.displayed_loss_function`, null]), "displayedLoss", "noise-model"],
    [give([`${R}.displayed_loss_function`, "mse"]), "displayedLoss", "mse"],
    [give([`${R}.displayed_loss_function`, "mse_sqrt"]), "displayedLoss", "mse-sqrt"],
    [give([`${O}.optimizable`, false]), "object.optimize", false],
    [give([`${O}.step_size`, 0.5]), "object.stepSize", 0.5],
    [give([`${O}.optimal_step_size_scaler`, 0.8]), "object.optimalStepSizeScaler", 0.8],
    [give([`${O}.multimodal_update`, false]), "object.multimodalUpdate", false],
    [give([`${O}.build_preconditioner_with_all_modes`, true]), "object.preconditionerFromAllModes", true],
    [give([`${A}.enabled`, false]), "object.removeObjectProbeAmbiguity.enabled", false],
    [give([`${P}.optimizable`, false]), "probe.optimize", false],
    [give([`${P}.step_size`, 0]), "probe.stepSize", 0],
    [give([`${P}.optimal_step_size_scaler`, 0.5]), "probe.optimalStepSizeScaler", 0.5],
    [give([`${M}.enabled`, false]), "probe.orthogonalizeModes.enabled", false],
    [give([`${M}.method`, "gs"]), "probe.orthogonalizeModes.method", "gram-schmidt"],
    [give([`${M}.method`, "svd"]), "probe.orthogonalizeModes.method", "svd"],
    [give([`${M}.sort_by_occupancy`, true]), "probe.orthogonalizeModes.sortByOccupancy", true],
    [give([`${W}.enabled`, true], [`${W}.probe_power`, 2.5]), "probe.power.target", 2.5],
    [give([`${W}.enabled`, true], [`${W}.probe_power`, 2.5]), "probe.power.enabled", true],
    [give([`${W}.scale_object`, false]), "probe.power.scaleObject", false],
  ];
  test.each(rows)("%j: %s = %j", (given, target, value) => {
    expect(valueAt(read(given), target)).toEqual(value);
  });

  test("the number of epochs is the case's", () => expect(read({}, { epochs: 9 }).epochs).toBe(9));

  test("a threshold above every intensity excludes all pixels", () => {
    expect(read(give([`${R}.exclude_measured_pixels_below`, "inf"])).excludeMeasuredPixelsBelow).toBeGreaterThan(1e38);
  });
});

describe("plans", () => {
  const plans: [path: string, plan: string, off: string][] = [
    [`${O}.optimization_plan`, "object.plan", "object.optimize"],
    [`${P}.optimization_plan`, "probe.plan", "probe.optimize"],
    [`${A}.optimization_plan`, "object.removeObjectProbeAmbiguity.plan", "object.removeObjectProbeAmbiguity.enabled"],
    [`${M}.optimization_plan`, "probe.orthogonalizeModes.plan", "probe.orthogonalizeModes.enabled"],
    [`${W}.optimization_plan`, "probe.power.plan", "probe.power.enabled"],
  ];
  const power: [string, unknown][] = [
    [`${W}.enabled`, true],
    [`${W}.probe_power`, 1],
  ];
  for (const [path, plan, off] of plans) {
    const at = (given: Json) => read(merge(give(...power), nest(path, given)));
    test(`${path}: start, stop and stride are kept, what is not given stays`, () => {
      const stride = path.startsWith(A) ? 10 : 1;
      expect(valueAt(at({ start: 2 }), plan)).toMatchObject({ start: 2, stop: null });
      expect(valueAt(at({ stop: 4 }), plan)).toMatchObject({ start: 0, stop: 4 });
      expect(valueAt(at({ stride: 3 }), plan)).toMatchObject({ start: 0, stop: null, stride: 3 });
      expect((valueAt(at({ stop: null }), plan) as Json).stop).toBe(null);
      expect(valueAt(read(give(...power)), plan)).toEqual({ start: 0, stop: null, stride: Math.min(stride, 6) });
      expect(valueAt(at({ start: 2 }), off)).toBe(true);
    });
    test.each([{ stop: 0 }, { start: 2, stop: 2 }, { start: 3, stop: 1 }, { start: 6 }, { start: 1e12 }])(
      `${path} %j is never active`,
      (given) => {
        expect(valueAt(at(given), off)).toBe(false);
      },
    );
    test(`${path}: numbers beyond the run are no reason to refuse`, () => {
      expect(valueAt(at({ stop: 1e12, stride: 1e12 }), off)).toBe(true);
    });
  }

  test("a probe that is never updated still sets when the illumination map is renewed", () => {
    expect(read(give([`${P}.optimization_plan`, { start: 2, stop: 2 }])).probe.plan.start).toBe(2);
    expect(read(give([`${P}.optimization_plan`, { start: 77 }])).probe.plan.start).toBeGreaterThanOrEqual(6);
  });

  test("the switch stays off when the plan would be active", () => {
    expect(read(give([`${P}.optimizable`, false], [`${P}.optimization_plan.start`, 1])).probe.optimize).toBe(false);
  });
});

describe("power constraint", () => {
  test.each([give([`${W}.enabled`, true]), give([`${W}.enabled`, true], [`${W}.probe_power`, 0])])(
    "%j has no power to aim at and is inactive",
    (given) => {
      expect(read(given).probe.power.enabled).toBe(false);
    },
  );
  test("a power without the switch is inactive", () => {
    expect(read(give([`${W}.probe_power`, 3])).probe.power.enabled).toBe(false);
  });
});

describe("options without effect on these cases", () => {
  const unchanged = read({});
  const rows: Json[] = [
    give([`${R}.batch_size`, 4]),
    give([`${R}.batching_mode`, "uniform"]),
    give([`${R}.batching_mode`, "random"]),
    give([`${R}.random_seed`, 3], [`${R}.num_epochs`, 6], [`${R}.use_double_precision_for_fft`, true]),
    give([`${R}.default_dtype`, "float64"], [`${R}.default_device`, "gpu"]),
    give([`${R}.allow_nondeterministic_algorithms`, false]),
    give([`${R}.multislice_solve_obj_prb_step_size_jointly`, true]),
    give([`${R}.compact_mode_update_clustering`, true], [`${R}.compact_mode_update_clustering_stride`, 2]),
    give([`${R}.momentum_acceleration_gain`, 0], [`${R}.momentum_acceleration_gradient_mixing_factor`, 0.5]),
    give([`${R}.momentum_acceleration_gradient_mixing_factor`, null]),
    give([`${R}.forward_model_options`, { low_memory_mode: true, pad_for_shift: null }]),
    give([`${R}.forward_model_options`, { pad_for_shift: 0, diffraction_pattern_blur_sigma: null }]),
    give(["data_options.free_space_propagation_distance_m", "inf"], ["data_options.wavelength_m", 1e-10]),
    give(["data_options.fft_shift", true], ["data_options.save_data_on_device", true]),
    give([`${O}.pixel_size_m`, 1e-8], [`${O}.pixel_size_aspect_ratio`, 1.2]),
    give([`${O}.pixel_size_m`, 1e-8], [`${P}.pixel_size_m`, 1e-8]),
    give([`${O}.pixel_size_aspect_ratio`, 1.5], [`${P}.pixel_size_aspect_ratio`, 1.5]),
    give([`${P}.pixel_size_m`, null], [`${P}.pixel_size_aspect_ratio`, null]),
    give([`${O}.determine_position_origin_coords_by`, "specified"], [`${O}.position_origin_coords`, [30.5, 34.5]]),
    give([`${O}.slice_spacings_m`, null], [`${O}.slice_spacing_options.optimizable`, false]),
    give([`${O}.slice_spacings_m`, [1e-5]]),
    give([`${O}.patch_interpolation_method`, "fourier"]),
    give([`${O}.optimizer`, "sgd"], [`${O}.optimizer_params`, {}]),
    give([`${P}.optimizer_params`, { momentum: 0, nesterov: false, dampening: 0.5 }]),
    give([`${O}.optimization_plan.step_size_scheduler_class`, null]),
    give([`${O}.optimization_plan.step_size_scheduler_options`, { step_size: 3 }]),
    give([`${A}.optimization_plan.step_size_scheduler_class`, "StepLR"]), // a feature has no step size
    give([`${O}.l1_norm_constraint.enabled`, false], [`${O}.l1_norm_constraint.weight`, 20]),
    give([`${O}.l1_norm_constraint.enabled`, true]),
    give([`${O}.l2_norm_constraint`, { enabled: true, weight: 0 }]),
    give([`${O}.total_variation`, { enabled: true, weight: -1 }]),
    give([`${O}.total_variation`, { enabled: true, weight: 1, optimization_plan: { stop: 0 } }]),
    give([`${O}.total_variation`, { enabled: true, weight: 1, optimization_plan: { start: 6 } }]),
    give([`${O}.smoothness_constraint`, { enabled: true, alpha: 0 }]),
    give([`${O}.hard_limits_magnitude_phase`, { enabled: false, abs_lim: [0, 1], phase_lim: [-1, 1] }]),
    give([`${O}.remove_grid_artifacts`, { enabled: false, period_x_m: 1e-6, direction: "x" }]),
    give([`${O}.multislice_regularization`, { enabled: true, weight: 1 }]), // needs slices
    give([`${P}.orthogonalize_opr_modes`, { enabled: false, optimization_plan: { stride: 2 } }]),
    give([`${P}.eigenmode_update_relaxation`, 0.5]),
    give([`${P}.support_constraint`, { enabled: false, threshold: 0.05 }]),
    give([`${P}.center_constraint`, { enabled: false, center_modes_individually: true }]),
    give([X, { optimizable: false, step_size: 0.5, optimizer: "adam", constrain_position_mean: true }]),
    give([X, { correction_options: { correction_type: "cross_correlation", update_magnitude_limit: "inf" } }]),
    give([X, { momentum_acceleration_gain: 0.5, momentum_acceleration_memory: 2 }]),
    give([X, { optimizable: true, optimization_plan: { start: 6 } }]),
    give([X, { optimizable: true, optimization_plan: { stop: 1 } }]), // only the epoch that rescales the probe
    give([X, { affine_transform_constraint: { enabled: false, max_expected_error: 2 } }]),
    give([V, { optimizable: false, optimize_intensity_variation: true, update_relaxation: 0.5 }]),
    give([V, { optimizable: true }]), // eigenmode weights without eigenmodes
    give([V, { smoothing: { enabled: true, method: "polynomial" } }]),
    give([`${O}.options_class_name`, "LSQMLObjectOptions"], ["options_class_name", "LSQMLOptions"]),
    give([`${O}.optimizable`, true], [`${O}.optimization_plan`, null]),
    give([`${O}.initial_guess`, null], [`${P}.initial_guess`, null], [`${V}.initial_weights`, null]),
  ];
  test.each(rows.map((given) => [given]))("%j", (given) => {
    expect(read(given)).toEqual(unchanged);
  });

  test("of an object that is not updated", () => {
    const frozen = give([`${O}.optimizable`, false]);
    const more = give(
      [`${O}.optimizer`, "adam"],
      [`${O}.optimizer_params`, { momentum: 0.5 }],
      [`${O}.optimization_plan`, { step_size_scheduler_class: "StepLR" }],
    );
    expect(read(merge(frozen, more))).toEqual(read(frozen));
  });
});

describe("what belongs to later work is named", () => {
  const rows: [given: Json, name: string, facts?: Partial<CaseFacts>][] = [
    [give([`${R}.batching_mode`, "compact"]), `${R}.batching_mode = compact`],
    [give([`${R}.momentum_acceleration_gain`, 0.5]), `${R}.momentum_acceleration_gain`],
    [give([`${R}.displayed_loss_function`, "poisson"]), `${R}.displayed_loss_function = poisson`],
    [give([`${R}.noise_model`, "laplace"]), `${R}.noise_model = laplace`],
    [give([`${R}.forward_model_options.pad_for_shift`, 2]), `${R}.forward_model_options.pad_for_shift`],
    [
      give([`${R}.forward_model_options.diffraction_pattern_blur_sigma`, 0.4]),
      `${R}.forward_model_options.diffraction_pattern_blur_sigma`,
    ],
    [give(["data_options.free_space_propagation_distance_m", 1e-3]), "data_options.free_space_propagation_distance_m"],
    [give(["data_options.fft_shift", false]), "data_options.fft_shift"],
    [give([`${O}.optimizer`, "adam"]), `${O}.optimizer`],
    [give([`${O}.optimizer_params`, { momentum: 0.5, nesterov: true }]), `${O}.optimizer_params`],
    [give([`${P}.optimizer_params`, { weight_decay: 0.1 }]), `${P}.optimizer_params`],
    [
      give([`${O}.optimization_plan`, { step_size_scheduler_class: "StepLR", step_size_scheduler_options: { g: 1 } }]),
      `${O}.optimization_plan.step_size_scheduler_class`,
    ],
    [give([`${O}.patch_interpolation_method`, "bilinear"]), `${O}.patch_interpolation_method`],
    [give([`${O}.slice_spacing_options.optimizable`, true]), `${O}.slice_spacing_options`],
    [give([`${O}.l1_norm_constraint`, { enabled: true, weight: 20 }]), `${O}.l1_norm_constraint`],
    [give([`${O}.l2_norm_constraint`, { enabled: true, weight: 20 }]), `${O}.l2_norm_constraint`],
    [give([`${O}.total_variation`, { enabled: true, weight: 0.02 }]), `${O}.total_variation`],
    [give([`${O}.smoothness_constraint`, { enabled: true, alpha: 0.02 }]), `${O}.smoothness_constraint`],
    [
      give([`${O}.hard_limits_magnitude_phase`, { enabled: true, abs_lim: [0, 1], phase_lim: [-1, 1] }]),
      `${O}.hard_limits_magnitude_phase`,
    ],
    [give([`${O}.remove_grid_artifacts.enabled`, true]), `${O}.remove_grid_artifacts`],
    [
      give([`${O}.multislice_regularization`, { enabled: true, weight: 1 }]),
      `${O}.multislice_regularization`,
      { sliceCount: 2 },
    ],
    [give([`${P}.support_constraint.enabled`, true]), `${P}.support_constraint`],
    [give([`${P}.center_constraint`, { enabled: true }]), `${P}.center_constraint`],
    [give([`${P}.pixel_size_m`, 1.25e-8], [`${O}.pixel_size_m`, 1e-8]), `${P}.pixel_size_m`],
    [give([`${P}.pixel_size_m`, 0.5]), `${P}.pixel_size_m`],
    [give([`${P}.pixel_size_aspect_ratio`, 1.25]), `${P}.pixel_size_aspect_ratio`],
    [give([`${P}.eigenmode_update_relaxation`, 0.5]), `${P}.eigenmode_update_relaxation`, { oprModeCount: 2 }],
    [give([`${P}.orthogonalize_opr_modes.enabled`, false]), `${P}.orthogonalize_opr_modes`, { oprModeCount: 2 }],
    [give([`${X}.optimizable`, true]), X],
    [give([X, { optimizable: true, optimization_plan: { start: 5 } }]), X],
    [
      give([X, { optimizable: false, affine_transform_constraint: { enabled: true } }]),
      `${X}.affine_transform_constraint`,
    ],
    [give([V, { optimizable: true, optimize_intensity_variation: true }]), V],
    [give([V, { optimizable: true }]), V, { oprModeCount: 3 }],
    [{}, "probe_initial with 3 OPR modes", { oprModeCount: 3 }],
    [{}, "object_initial with 2 slices", { sliceCount: 2 }],
    [give([`${R}.something_new`, 1]), `${R}.something_new`],
    [give([`${R}.something_new`, false]), `${R}.something_new`],
    [give([`${O}.step_size`, "inf"]), `${O}.step_size = inf`],
  ];
  test.each(rows)("%j: %s", (given, name, facts) => {
    const names = notYet(given, facts);
    expect(names).toContain(name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("other engines by their options class", () => {
    expect(optionsFromPtychi("DMOptions", { anything: 1 }, plain)).toEqual({ notYet: ["DMOptions"] });
  });

  test("the position plan of a run without rescaling counts from epoch 0", () => {
    const given = give([`${R}.rescale_probe_intensity_in_first_epoch`, false], [X, { optimizable: true }]);
    expect(notYet(merge(given, nest(`${X}.optimization_plan`, { stop: 1 })))).toEqual([X]);
  });
});

test("a value that pty-chi itself refuses is an error that names the option", () => {
  expect(() => read(give([`${R}.gaussian_noise_std`, 0]))).toThrow(/gaussianNoiseStd/);
});
