// All options with defaults, bounds, units and documentation: the only place with defaults.
// JSON Schema, `--config` checking and the CLI help come from here.

import { z } from "zod";
import { OptionsError } from "./errors.ts";
import { checkOptions } from "./options-issue.ts";
import { profileNames } from "./profile-names.ts";

const count = (minimum: number) =>
  z
    .int()
    .min(minimum)
    .max(2 ** 31 - 1);

/** Epochs in which a parameter or constraint is active: start <= e < stop and (e - start) % stride === 0. */
const plan = (stride: number) =>
  z
    .strictObject({
      start: count(0).default(0).describe("first epoch (0-based)"),
      stop: count(1).nullable().default(null).describe("first epoch that is no longer active; null = never stops"),
      stride: count(1).default(stride).describe("every how many epochs"),
    })
    .prefault({});

const dataOptions = z
  .strictObject({
    quantity: z
      .enum(["amplitude", "intensity"])
      .nullable()
      .default(null)
      .describe("what the patterns hold; null = float data are amplitude by contract, integer data are refused"),
    axisOrder: z
      .enum(["nhw", "hwn"])
      .nullable()
      .default(null)
      .describe("axis order of the pattern stack; null = by rule, refused when two readings fit"),
    patternOrientation: z
      .enum(["none", "flip-y", "flip-x", "rotate-180", "transpose", "rotate-90", "rotate-270", "anti-transpose"])
      .default("none")
      .describe("turns every pattern and the mask before use"),
    swapPositions: z.boolean().default(false).describe("exchange the x and y coordinates"),
    flipPositionsY: z.boolean().default(false).describe("negate y"),
    flipPositionsX: z.boolean().default(false).describe("negate x"),
    maskNonfinite: z
      .boolean()
      .default(false)
      .describe("treat pixels that are NaN or infinite in any pattern as invalid"),
    clipNegative: z.boolean().default(false).describe("set negative values to zero and record how many"),
    pixelSizeM: z.number().positive().nullable().default(null).describe("object pixel size in metres"),
    firstPatterns: count(1).nullable().default(null).describe("use only so many patterns from the start; null = all"),
    lenientZip: z.boolean().default(false).describe("accept bytes before or after the archive, with a warning"),
    memoryBudgetBytes: z
      .int()
      .positive()
      .nullable()
      .default(null)
      .describe("host memory for arrays that must be held whole; null = half of what is free"),
  })
  .prefault({});

const objectOptions = z
  .strictObject({
    optimize: z.boolean().default(true).describe("update the object"),
    plan: plan(1),
    stepSize: z.number().nonnegative().default(1).describe("learning rate"),
    optimalStepSizeScaler: z.number().nonnegative().default(0.9).describe("factor on the least-squares step"),
    multimodalUpdate: z
      .boolean()
      .default(true)
      .describe("use the exit waves of all probe modes for the object direction"),
    preconditionerFromAllModes: z
      .boolean()
      .default(false)
      .describe("illumination map from all probe modes instead of the first"),
    removeObjectProbeAmbiguity: z
      .strictObject({ enabled: z.boolean().default(true), plan: plan(10) })
      .prefault({})
      .describe("give the object unit weighted RMS modulus and the probe the rest"),
  })
  .prefault({});

const probeOptions = z
  .strictObject({
    optimize: z.boolean().default(true).describe("update the probe"),
    plan: plan(1),
    stepSize: z.number().nonnegative().default(1).describe("learning rate"),
    optimalStepSizeScaler: z.number().nonnegative().default(0.9).describe("factor on the least-squares step"),
    modes: count(1).max(32).nullable().default(null).describe("incoherent modes; null = as in the file"),
    extraModeEnergy: z
      .number()
      .positive()
      .max(0.5)
      .default(0.02)
      .describe("share of the total energy of each mode that is added"),
    power: z
      .strictObject({
        enabled: z.boolean().default(false),
        target: z
          .number()
          .positive()
          .or(z.literal("median-total-intensity"))
          .default("median-total-intensity")
          .describe("sum of |probe|^2 over modes and pixels"),
        scaleObject: z.boolean().default(true).describe("divide the object by the probe's factor"),
        plan: plan(1),
      })
      .prefault({})
      .describe("power constraint; fights the ambiguity removal, off by default"),
    orthogonalizeModes: z
      .strictObject({
        enabled: z.boolean().default(true),
        method: z.enum(["svd", "gram-schmidt"]).default("svd").describe("how modes are made orthogonal"),
        sortByOccupancy: z.boolean().default(false).describe("order the modes by energy first, the strongest in front"),
        plan: plan(1),
      })
      .prefault({})
      .describe("keep incoherent modes orthogonal"),
  })
  .prefault({});

const canvasOptions = z
  .strictObject({
    extraPx: count(0).default(50).describe("pixels beyond scan range and probe"),
    shapePx: z
      .tuple([count(1), count(1)])
      .nullable()
      .default(null)
      .describe("canvas rows and columns; null = ceil(range) + probe + extra"),
    originRule: z
      .enum(["support", "positions", "specified"])
      .default("support")
      .describe("where position (0, 0) lies on the canvas"),
    halfPixel: z
      .enum(["ptychi", "ptychi-before-2.1"])
      .default("ptychi")
      .describe("half-pixel convention of the origin"),
    originPx: z
      .tuple([z.number(), z.number()])
      .nullable()
      .default(null)
      .describe("origin (y, x) for the rule `specified`"),
  })
  .prefault({});

/** Schema of every option of a reconstruction. */
export const reconstructOptionsSchema = z.strictObject({
  algorithm: z.literal("lsqml").default("lsqml").describe("reconstruction algorithm"),
  epochs: count(1).default(100).describe("passes over the scan; the first only rescales the probe"),
  batchSize: count(1).default(96).describe("patterns per minibatch"),
  batching: z.enum(["random", "uniform"]).default("random").describe("how minibatches are drawn"),
  evenBatches: z
    .boolean()
    .default(false)
    .describe("cut an epoch into pieces of nearly equal size instead of leaving a short last one"),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe("seed of the minibatch order"),
  noiseModel: z.enum(["gaussian", "poisson"]).default("gaussian").describe("noise model of the detector"),
  gaussianNoiseStd: z.number().positive().default(0.5).describe("standard deviation of the amplitude (Gaussian model)"),
  poissonStepNoise: z
    .number()
    .nonnegative()
    .default(0)
    .describe("random perturbation of the exit-wave step (pty-chi: 0.01)"),
  solveStepSizesJointly: z
    .boolean()
    .default(true)
    .describe("solve object and probe steps together (Eq. 22) or apart (Eq. 23)"),
  stepSizesFromFirstModeOnly: z.boolean().default(true).describe("use only the first probe mode for the step sizes"),
  rescaleProbeInFirstEpoch: z.boolean().default(true).describe("spend the first epoch on one global probe factor"),
  preconditionerDamping: z
    .number()
    .nonnegative()
    .default(0.1)
    .describe("damping of the illumination map, relative to its maximum"),
  excludeMeasuredPixelsBelow: z
    .number()
    .nullable()
    .default(null)
    .describe("pixels with at most this intensity do not constrain"),
  displayedLoss: z.enum(["mse-sqrt", "mse", "noise-model"]).default("mse-sqrt").describe("loss that is reported"),
  intensityScale: z
    .number()
    .positive()
    .or(z.literal("counts"))
    .nullable()
    .default(null)
    .describe(
      "factor on the intensities while reconstructing, undone in probe and squared losses; counts = photons, where the noise shows them; null = as they are",
    ),
  photonsPerPattern: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe(
      "mean photons of a pattern: the scale of `counts` where the noise does not show them; null = refused then",
    ),
  initialObject: z
    .enum(["flat", "file"])
    .default("flat")
    .describe("ones, or the file's guess registered on the canvas"),
  object: objectOptions,
  probe: probeOptions,
  canvas: canvasOptions,
  data: dataOptions,
  deviceMemoryBytes: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe("bytes of patterns kept on the device; null = as many as fit"),
  profile: z
    .enum(profileNames)
    .nullable()
    .default(null)
    .describe(
      "how kernels are laid out, which decides speed and last bits; null = as the checkpoint, as `ptycho tune` saved, or by the adapter",
    ),
});

/** Options after defaults. */
export type ReconstructOptions = z.output<typeof reconstructOptionsSchema>;
/** Options as a user writes them: everything optional. */
export type ReconstructOptionsInput = z.input<typeof reconstructOptionsSchema>;
/** How a file is to be read. */
export type DataOptions = ReconstructOptions["data"];

/** True when `plan` is active in epoch `epoch` (0-based). */
export function planActive(planned: { start: number; stop: number | null; stride: number }, epoch: number): boolean {
  if (epoch < planned.start || (planned.stop !== null && epoch >= planned.stop)) return false;
  return (epoch - planned.start) % planned.stride === 0;
}

/**
 * Checks options and fills in defaults. Throws OptionsError (exit 78) naming the option, what it takes and what came:
 * OPTIONS_KEY, OPTIONS_VALUE, or OPTIONS_CONFLICT where two options contradict each other.
 */
export function parseOptions(input: unknown, source = "options"): ReconstructOptions {
  const options = checkOptions(reconstructOptionsSchema, input, source);
  checkConflicts(options, source);
  return options;
}

function checkConflicts(options: ReconstructOptions, source: string): void {
  const { originRule, originPx } = options.canvas;
  if ((originRule === "specified") !== (originPx !== null)) {
    throw new OptionsError("OPTIONS_CONFLICT", "the origin rule `specified` and an origin belong together", {
      source,
      field: "canvas.originPx",
      expected: originPx === null ? "an origin (y, x)" : 'canvas.originRule "specified"',
      got: originPx === null ? "none" : `"${originRule}"`,
    });
  }
  const plans = {
    "object.plan": options.object.plan,
    "object.removeObjectProbeAmbiguity.plan": options.object.removeObjectProbeAmbiguity.plan,
    "probe.plan": options.probe.plan,
    "probe.power.plan": options.probe.power.plan,
    "probe.orthogonalizeModes.plan": options.probe.orthogonalizeModes.plan,
  };
  for (const [field, { start, stop }] of Object.entries(plans)) {
    if (stop === null || stop > start) continue;
    const details = { source, field, expected: `a stop above ${start}`, got: String(stop) };
    throw new OptionsError("OPTIONS_CONFLICT", "the plan stops before it starts", details);
  }
}
