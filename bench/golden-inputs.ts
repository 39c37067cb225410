// Golden cases of our own: problems from seeds whose inputs `npm run bench:golden` gives to pty-chi. Format of the files:
// README of the golden folder.

import { createMinibatchPlan } from "../src/index.ts";
import { simulateScan } from "../src/simulate/index.ts";
import { addModes, centrePositions, makeStartObject } from "./compare-scan.ts";

export interface CaseDesign {
  readonly name: string;
  readonly about: string;
  readonly frame?: readonly [number, number];
  readonly positions?: number;
  readonly modes?: number;
  /** What becomes of the scanned coordinates. */
  readonly placing?: "as scanned" | "whole" | "half";
  /** ones, or a texture. */
  readonly start?: "ones" | "texture";
  readonly mask?: boolean;
  readonly batchSize?: number;
  readonly epochs: number;
  readonly checkpoints: readonly number[];
  /** Also the intermediate quantities of the first update. */
  readonly step?: boolean;
  /** In pty-chi's names: what differs from its defaults beside batch size and FFT precision. */
  readonly options?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Every rule of the engine that a mistake could hide in, once. */
export const caseDesigns: readonly CaseDesign[] = [
  { name: "own-gaussian", about: "all defaults", epochs: 12, checkpoints: [1, 2, 3, 12], step: true },
  {
    name: "own-poisson",
    about: "Poisson noise model, without the random perturbation of its step",
    batchSize: 11,
    epochs: 8,
    checkpoints: [1, 2, 3, 8],
    step: true,
    options: { reconstructor_options: { noise_model: "poisson" } },
  },
  { name: "own-mixed3", about: "3 incoherent modes", modes: 3, epochs: 6, checkpoints: [1, 2, 6], step: true },
  {
    name: "own-whole-positions",
    about: "whole coordinates, no subpixel shift",
    placing: "whole",
    epochs: 6,
    checkpoints: [1, 2, 6],
  },
  {
    name: "own-half-positions",
    about: "coordinates at k + 1/2: rounding is half-to-even",
    placing: "half",
    epochs: 6,
    checkpoints: [1, 2, 6],
  },
  { name: "own-mask", about: "dead row and beamstop", mask: true, epochs: 6, checkpoints: [1, 2, 6] },
  {
    name: "own-rect",
    about: "patterns of 32 rows and 48 columns, textured start",
    frame: [32, 48],
    positions: 36,
    start: "texture",
    epochs: 6,
    checkpoints: [1, 2, 6],
  },
  {
    name: "own-plans",
    about: "probe from epoch index 3 on, object in every second epoch, separate step sizes",
    epochs: 8,
    checkpoints: [1, 3, 4, 8],
    options: {
      object_options: { optimization_plan: { stride: 2 } },
      probe_options: { optimization_plan: { start: 3 } },
      reconstructor_options: { single_slice_solve_obj_prb_step_size_jointly: false },
    },
  },
];

const SEED = 7300;
const CANVAS_EXTRA_PX = 4;

type Member = [name: string, array: InputArray];
type InputArray =
  | { dtype: "float32" | "complex64"; shape: readonly number[]; data: Float32Array }
  | { dtype: "float64"; shape: readonly number[]; data: Float64Array }
  | { dtype: "int32"; shape: readonly number[]; data: Int32Array }
  | { dtype: "bool"; shape: readonly number[]; data: Uint8Array }
  | { dtype: "str"; shape: readonly number[]; data: readonly string[] };

/** Everything of a golden file but results; `ckpt_epochs` and `with_step` say what is wanted. */
export function buildInputs(design: CaseDesign, index: number): Member[] {
  const [height, width] = design.frame ?? [32, 32];
  const { positions = 42, modes = 1, batchSize = 9, epochs } = design;
  const seed = SEED + index;
  const place = { "as scanned": (v: number) => v, whole: Math.round, half: (v: number) => Math.floor(v) + 0.5 };
  const settings = {
    patternShapePx: [height, width] as [number, number],
    object: { marginPx: 8 },
    probe: { modes, defocusPx2: 14, halo: 0.02 },
    probeGuess: { defocusErrorPx2: 3, blurPx: 0.3 },
    scan: { positions, stepPx: 4, jitter: 0.3 },
    photonsPerPattern: 2e5,
  };
  const scanned = simulateScan(settings, seed).positionsPx.map(place[design.placing ?? "as scanned"]);
  const scan = simulateScan(settings, seed, { positionsPx: scanned });
  const pixels = height * width;
  const positionsPx = centrePositions(scan.positionsPx);
  const range = [0, 1].map((axis) => {
    const values = Array.from(positionsPx).filter((_, k) => k % 2 === axis);
    return Math.max(...values) - Math.min(...values);
  });
  const canvas = [0, 1].map((axis) => Math.ceil(range[axis]!) + [height, width][axis]! + CANVAS_EXTRA_PX) as [
    number,
    number,
  ];
  // without a factor in the transform, what has norm 1 per pattern there has 1 / (h w) here
  const scale = (values: Float32Array) => values.map((value) => value / Math.sqrt(pixels));
  const truthProbe = scale(scan.probe.data);
  const illumination = new Float32Array(canvas[0] * canvas[1]);
  const truthObject = Float32Array.from({ length: 2 * canvas[0] * canvas[1] }, (_, k) => (k % 2 === 0 ? 1 : 0));
  const light = new Float64Array(pixels);
  for (let k = 0; k < truthProbe.length; k++) light[(k >> 1) % pixels]! += truthProbe[k]! ** 2;
  for (let pattern = 0; pattern < positions; pattern++) {
    const start = (values: ArrayLike<number>, axis: number, origin: number) =>
      roundHalfEven(values[2 * pattern + axis]!) + origin - ([height, width][axis]! >> 1);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      const here =
        (start(positionsPx, 0, roundHalfEven(canvas[0] / 2)) + y) * canvas[1] +
        start(positionsPx, 1, roundHalfEven(canvas[1] / 2)) +
        x;
      const there = (start(scan.positionsPx, 0, 0) + y) * scan.object.shape[1]! + start(scan.positionsPx, 1, 0) + x;
      illumination[here]! += light[pixel]!;
      truthObject.set(scan.object.data.subarray(2 * there, 2 * there + 2), 2 * here);
    }
  }
  const probe = addModes(scale(scan.probeGuess.data.subarray(0, 2 * pixels)), [height, width], modes);
  const options = { ...design.options } as Record<string, Record<string, unknown>>;
  options.reconstructor_options = {
    ...options.reconstructor_options,
    batch_size: batchSize,
    random_seed: seed,
    use_double_precision_for_fft: true,
  };
  const described = {
    about: design.about,
    case: design.name,
    arithmetic: "float32",
    fft: "double precision",
    num_epochs: epochs,
    object_initial: design.start ?? "ones",
    options,
    options_class: "LSQMLOptions",
    seed,
    with_step: design.step ?? false,
  };
  const start = design.start === "texture" ? makeStartObject(canvas) : truthObject.map((_, k) => (k % 2 === 0 ? 1 : 0));
  return [
    ["diffraction", { dtype: "float32", shape: [positions, height, width], data: scan.diffraction }],
    ["counts_per_unit_intensity", { dtype: "float64", shape: [], data: Float64Array.of(scan.countsPerUnitIntensity) }],
    ["probe_initial", { dtype: "complex64", shape: [1, modes, height, width], data: probe }],
    ["object_initial", { dtype: "complex64", shape: [1, ...canvas], data: start }],
    ["positions_yx_px", { dtype: "float64", shape: [positions, 2], data: positionsPx }],
    ...(design.mask ? [["valid_pixel_mask", makeMask(height, width)] satisfies Member] : []),
    ["schedule", listMinibatches(positions, batchSize, epochs, seed, positionsPx)],
    ["illumination", { dtype: "float32", shape: canvas, data: illumination }],
    ["truth_object", { dtype: "complex64", shape: [1, ...canvas], data: truthObject }],
    ["truth_probe", { dtype: "complex64", shape: [1, modes, height, width], data: truthProbe }],
    ["ckpt_epochs", { dtype: "int32", shape: [design.checkpoints.length], data: Int32Array.from(design.checkpoints) }],
    ["options_json", { dtype: "str", shape: [], data: [JSON.stringify(described)] }],
  ];
}

/** [epoch, minibatch, k], filled up with -1. */
function listMinibatches(
  count: number,
  batchSize: number,
  epochs: number,
  seed: number,
  positionsPx: Float64Array,
): InputArray {
  const plan = createMinibatchPlan({ count, batchSize, batching: "random", evenBatches: false, seed, positionsPx });
  const minibatches = Math.ceil(count / batchSize);
  const data = new Int32Array(epochs * minibatches * batchSize).fill(-1);
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const [number, indices] of plan.minibatches(epoch).entries())
      data.set(indices, (epoch * minibatches + number) * batchSize);
  return { dtype: "int32", shape: [epochs, minibatches, batchSize], data };
}

/** A dead row and a beamstop; 1 = valid. */
function makeMask(height: number, width: number): InputArray {
  const data = Uint8Array.from({ length: height * width }, (_, pixel) => {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return y === 5 || Math.hypot(y - height / 2, x - width / 2) < 2 ? 0 : 1;
  });
  return { dtype: "bool", shape: [height, width], data };
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
