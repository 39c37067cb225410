// Intermediate quantities of the first updating minibatch, so that a wrong step is named and not only its consequence.

import { type EngineSettings, LsqmlEngine, planActive } from "../src/index.ts";
import type { GoldenCase } from "./golden-case.ts";
import { constantError, type FieldError, type Row, relativeError, type Tolerances } from "./golden-compare.ts";

/** Limits of intermediate quantities, relative L2 error; wider where the state after the epoch may be further off. */
const REQUIRED = 1e-4;
const AIM = 1e-5;

/** Fields that may hold only the first patterns of the minibatch. */
const PARTIAL: readonly string[] = ["y_pred", "chi"];

/** First epoch with a minibatch that updates object or probe; null when there is none. */
export function firstUpdatingEpoch({ problem, epochs }: Pick<GoldenCase, "problem" | "epochs">): number | null {
  const { object, probe, rescaleProbeInFirstEpoch } = problem.options;
  for (let epoch = rescaleProbeInFirstEpoch ? 1 : 0; epoch < epochs; epoch++) {
    if ([object, probe].some(({ optimize, plan }) => optimize && planActive(plan, epoch))) return epoch;
  }
  return null;
}

/** Runs up to minibatch 0 of the first updating epoch, reads what the engine holds then, and compares it. */
export async function compareStep(
  device: GPUDevice,
  golden: GoldenCase,
  tolerance: Tolerances,
  settings: EngineSettings = {},
): Promise<Row> {
  const label = `${golden.file}  step`;
  const epoch = firstUpdatingEpoch(golden);
  if (epoch === null) return { label, errors: [...golden.step.keys()].map((name) => unknown(name)) };
  const engine = await LsqmlEngine.create(device, golden.problem, golden.epochs, { ...settings, capture: true });
  try {
    for (let before = 0; before < epoch; before++) await engine.runEpoch(before);
    await engine.runEpoch(epoch, { stopAfterMinibatches: 1 });
    const indices = golden.problem.plan.minibatches(epoch)[0]!;
    const found = await readStep(engine, golden, indices);
    const limits = stepLimits(golden, epoch, tolerance);
    const errors = [...golden.step].map(([name, { data }]): FieldError => {
      if (name === "positions_after_yx_px") {
        const { positionsPx } = golden.problem;
        if (data.length !== positionsPx.length) return unknown(name);
        return constantError("positions_px", name, (index) => Math.fround(positionsPx[index]!), data, tolerance);
      }
      if (name === "opr_weights_after") return constantError("opr_weights", name, () => 1, data, tolerance);
      const actual = found.get(name);
      if (!actual) return unknown(name);
      const [height, width] = engine.state.size.frame;
      const partial = PARTIAL.includes(name) && data.length % (height * width) === 0;
      const compared = partial ? Array.prototype.slice.call(actual, 0, data.length) : actual;
      return { name, value: relativeError(compared, data), ...limits };
    });
    return { label, errors };
  } finally {
    engine.destroy();
  }
}

/** A field that nothing was compared with. */
function unknown(name: string): FieldError {
  return { name, value: NaN, required: REQUIRED, aim: AIM };
}

/** The manifest is wider only where rounding alone moves the result; so are the quantities that lead there. */
function stepLimits(golden: GoldenCase, epoch: number, tolerance: Tolerances): { required: number; aim: number } {
  const index = golden.checkpoints.findIndex((checkpoint) => checkpoint.epochs > epoch);
  const widest = (limit: "required" | "aim", least: number) =>
    Math.max(least, tolerance[limit].object[index] ?? 0, tolerance[limit].probe[index] ?? 0);
  return { required: widest("required", REQUIRED), aim: widest("aim", AIM) };
}

/** What the engine holds after that minibatch, by field name. */
export async function readStep(
  engine: LsqmlEngine,
  golden: GoldenCase,
  indices: Uint32Array,
): Promise<Map<string, ArrayLike<number>>> {
  const { state } = engine;
  const [height, width] = state.size.frame;
  const frame = height * width;
  const wave = 2 * frame * state.size.modeCount;
  // positions of the minibatch lie slice after slice
  const bySlice = async (pick: (slice: number) => GPUBuffer, length: number): Promise<Float32Array> => {
    const all = new Float32Array(indices.length * length);
    for (let slice = 0; slice * state.layout.sliceSize < indices.length; slice++) {
      const first = slice * state.layout.sliceSize;
      const count = Math.min(state.layout.sliceSize, indices.length - first);
      all.set((await engine.readFloats(pick(slice))).subarray(0, count * length), first * length);
    }
    return all;
  };
  const chi = await bySlice((slice) => state.slices[slice]!.waves, wave);
  const farStep = await engine.readFloats(state.farStep);
  if (golden.problem.options.noiseModel === "poisson") {
    for (const [position, pattern] of indices.entries()) {
      for (let index = position * wave; index < (position + 1) * wave; index++) chi[index]! *= farStep[pattern]!;
    }
  }
  // [mode 0 | all modes, y, x], one plane with one mode
  const canvas = state.size.canvasShape[0] * state.size.canvasShape[1];
  const allModes = state.size.modeCount > 1 ? 2 * canvas : 0;
  const direction = (await engine.readFloats(state.objectDirection)).subarray(allModes, allModes + 2 * canvas);
  // the device keeps the direction only: the gradient again from the divisor it was given
  const divisor = await engine.readFloats(state.preconditioner);
  const gradient = direction.map((value, index) => value * divisor[index >> 1]!);
  const steps = await engine.readFloats(state.patternSteps);
  const byPattern = (pick: (pattern: number) => number) => Array.from(indices, pick);
  return new Map<string, ArrayLike<number>>([
    ["indices", indices],
    ["y_pred", await bySlice((slice) => state.slices[slice]!.modelled, frame)],
    ["chi", chi],
    ["object_direction_raw", gradient],
    ["object_direction_preconditioned", direction],
    ["probe_direction", await engine.readFloats(state.probeDirection)],
    ["preconditioner", await engine.readFloats(state.illumination)],
    ["alpha_psi_far", byPattern((pattern) => farStep[pattern]!)],
    ["alpha_object", byPattern((pattern) => steps[2 * pattern]!)],
    ["alpha_probe", byPattern((pattern) => steps[2 * pattern + 1]!)],
    ["object_after", (await engine.readObject()).data],
    ["probe_after", (await engine.readProbe()).data],
  ]);
}
