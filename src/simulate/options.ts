// Options of a simulated scan with defaults, bounds and units, and the presets. JSON Schema and CLI help come from here.

import { z } from "zod";
import { OptionsError } from "../errors.ts";

const sizePx = z.int().min(4).max(4096);
const range = z.tuple([z.number(), z.number()]);

const objectOptions = z
  .strictObject({
    shapePx: z
      .tuple([sizePx, sizePx])
      .nullable()
      .default(null)
      .describe("rows and columns; null = field + pattern + 2 * margin, or those of the given object"),
    marginPx: z.int().min(0).max(1024).default(4).describe("pixels beyond the outermost patterns"),
    phaseRangeRad: range.default([0, 1.4]).describe("phase of the thinnest and the thickest point"),
    amplitudeRange: z
      .tuple([z.number().min(0).max(10), z.number().min(0).max(10)])
      .default([0.72, 1])
      .describe("amplitude of the darkest and the brightest point"),
  })
  .prefault({});

const probeOptions = z
  .strictObject({
    kind: z
      .enum(["zone-plate", "pinhole"])
      .default("zone-plate")
      .describe("annular pupil out of focus, or a round aperture after a short flight"),
    pupil: z.number().positive().max(1).default(0.42).describe("zone plate: pupil diameter as a share of the detector"),
    centralStop: z.number().min(0).max(0.9).default(0.35).describe("zone plate: stop diameter as a share of the pupil"),
    diameterPx: z.number().positive().default(22).describe("pinhole: diameter"),
    defocusPx2: z
      .number()
      .default(56)
      .describe("distance from focus or aperture: wavelength * distance / pixel size^2"),
    edge: z
      .number()
      .positive()
      .default(1.2)
      .describe("rms softness of pupil or pinhole edge, in detector or object pixels"),
    halo: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.01)
      .describe("scattered wave over the whole detector, as a share of the largest amplitude there"),
    modes: z.int().min(1).max(16).default(1).describe("incoherent modes of the true probe"),
    modeDecay: z.number().positive().max(1).default(0.3).describe("energy of a mode over that of the one before"),
  })
  .prefault({});

const scanOptions = z
  .strictObject({
    pattern: z
      .enum(["raster", "fermat", "concentric", "uniform"])
      .default("raster")
      .describe("rows and columns, Fermat spiral, rings, or independent uniform points"),
    positions: z.int().min(1).max(1_000_000).default(289).describe("number of scan positions"),
    stepPx: z.number().positive().default(8).describe("mean distance of neighbours, when no field is given"),
    fieldPx: z
      .tuple([z.number().nonnegative(), z.number().nonnegative()])
      .nullable()
      .default(null)
      .describe("height and width of the scanned field; null = from positions and step"),
    jitter: z.number().min(0).max(2).default(0.3).describe("uniform displacement of up to +- this share of the step"),
  })
  .prefault({});

const probeGuessOptions = z
  .strictObject({
    kind: z
      .enum(["perturbed", "truth"])
      .default("perturbed")
      .describe("what the file offers as initial probe: the first mode, a little wrong, or the truth"),
    defocusErrorPx2: z.number().default(10).describe("perturbed: wrong defocus"),
    blurPx: z.number().min(0).default(0.6).describe("perturbed: rms blur of the wave"),
  })
  .prefault({});

/** Schema of every option of a simulation except its seed and its given arrays. */
export const simulateOptionsSchema = z.strictObject({
  patternShapePx: z.tuple([sizePx, sizePx]).default([64, 64]).describe("rows and columns of a pattern"),
  object: objectOptions,
  probe: probeOptions,
  scan: scanOptions,
  probeGuess: probeGuessOptions,
  photonsPerPattern: z.number().positive().max(1e15).default(1e6).describe("mean photon count of a pattern"),
  noise: z.boolean().default(true).describe("Poisson noise; off = expected counts"),
  // LSQML damps its steps by an absolute number (conventions.md 9), so that the study's small scale slows it down.
  scale: z
    .enum(["unit", "study", "counts"])
    .default("unit")
    .describe("mean square of the stored amplitude: 1 per pixel, about 1 per pattern as in the study, or the photons"),
});

/** Options of a simulation with every default filled in. */
export type SimulateOptions = z.infer<typeof simulateOptionsSchema>;

/** Options as a caller gives them: what is left out is the default. */
export type SimulateOptionsInput = z.input<typeof simulateOptionsSchema>;

/** Named options that reproduce a geometry. */
export const simulatePresets = {
  /** The picture of `npm run demo`: 17 x 17 positions, 70 % overlap. */
  demo: {},
  /** A measured scan: 1087 positions over 89 x 89 px (coordinates 69 ... 158), 64 x 64 patterns, object 227 x 226. Scaled as the study. */
  "measured-1087": {
    patternShapePx: [64, 64],
    object: { shapePx: [227, 226] },
    scan: { pattern: "raster", positions: 1087, fieldPx: [87.4, 87.4], jitter: 0.3 },
    photonsPerPattern: 1e5,
    scale: "study",
  },
} as const satisfies Record<string, SimulateOptionsInput>;

/** Name of a preset. */
export type SimulatePresetName = keyof typeof simulatePresets;

/** Fills in defaults. Throws OptionsError naming every option that is unknown or out of bounds. */
export function resolveSimulateOptions(input: SimulateOptionsInput = {}): SimulateOptions {
  const parsed = simulateOptionsSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0]!;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "options"}: ${issue.message}`);
  throw new OptionsError("SIMULATE_OPTIONS", `invalid simulation options: ${faults.join("; ")}`, {
    field: first.path.join("."),
    remedy: "See `ptycho simulate --help`",
  });
}
