// Intermediate quantities of the first updating minibatch, so that a wrong step is named and not only its consequence.

import { LsqmlEngine } from "../src/index.ts";
import type { GoldenCase } from "./golden-case.ts";

/** Errors of a row with the limits they are held to. */
export interface Row {
  readonly label: string;
  readonly errors: readonly {
    readonly name: string;
    readonly value: number;
    readonly required: number;
    readonly aim: number;
  }[];
}

/** Limits of intermediate quantities: relative L2 error. */
const REQUIRED = 1e-4;
const AIM = 1e-5;

/** Runs epoch 0 and minibatch 0 of epoch 1, reads what the engine holds then, and compares relative L2 errors. */
export async function compareStep(device: GPUDevice, golden: GoldenCase): Promise<Row> {
  const engine = await LsqmlEngine.create(device, golden.problem, golden.epochs, { capture: true });
  try {
    await engine.runEpoch(0);
    await engine.runEpoch(1, { stopAfterMinibatches: 1 });
    const found = await readStep(engine, golden);
    const errors = [...golden.step]
      .filter(([name]) => found.has(name))
      .map(([name, { data }]) => ({
        name,
        value: relativeError(found.get(name)!, data),
        required: REQUIRED,
        aim: AIM,
      }));
    return { label: `${golden.file}  step`, errors };
  } finally {
    engine.destroy();
  }
}

async function readStep(engine: LsqmlEngine, golden: GoldenCase): Promise<Map<string, ArrayLike<number>>> {
  const { state } = engine;
  const indices = Array.from(golden.step.get("indices")?.data ?? [], Number);
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
  const firstPart = (values: Float32Array, name: string) => values.subarray(0, golden.step.get(name)?.data.length ?? 0);
  const chi = await bySlice((slice) => state.slices[slice]!.waves, wave);
  const farStep = await engine.readFloats(state.farStep);
  if (golden.problem.options.noiseModel === "poisson") {
    for (const [position, pattern] of indices.entries()) {
      for (let index = position * wave; index < (position + 1) * wave; index++) chi[index]! *= farStep[pattern]!;
    }
  }
  const gradient = await engine.readFloats(state.objectGradient);
  const direction = await engine.readFloats(state.objectDirection);
  const steps = await engine.readFloats(state.patternSteps);
  return new Map<string, ArrayLike<number>>([
    ["y_pred", firstPart(await bySlice((slice) => state.slices[slice]!.modelled, frame), "y_pred")],
    ["chi", firstPart(chi, "chi")],
    ["object_direction_raw", allModes(gradient)],
    ["object_direction_preconditioned", allModes(direction)],
    ["probe_direction", await engine.readFloats(state.probeDirection)],
    ["preconditioner", await engine.readFloats(state.illumination)],
    ["alpha_psi_far", indices.map((pattern) => farStep[pattern]!)],
    ["alpha_object", indices.map((pattern) => steps[2 * pattern]!)],
    ["alpha_probe", indices.map((pattern) => steps[2 * pattern + 1]!)],
    ["object_after", (await engine.readObject()).data],
    ["probe_after", (await engine.readProbe()).data],
  ]);
}

/** The first complex number of every pair (all modes, mode 0). */
function allModes(values: Float32Array): Float32Array {
  return values.filter((_, index) => index % 4 < 2);
}

function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let total = 0;
  for (let index = 0; index < expected.length; index++) {
    difference += (Number(actual[index]) - expected[index]!) ** 2;
    total += expected[index]! ** 2;
  }
  return Math.sqrt(difference / total);
}
