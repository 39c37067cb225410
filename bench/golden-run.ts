// Replays one golden case on a device and compares every checkpoint, every loss and every intermediate quantity. The step
// sizes of checkpoints (ckpt_alpha_*) have no tolerance in the manifest: those of the intermediate step are compared.

import { type EngineSettings, LsqmlEngine } from "../src/index.ts";
import type { Checkpoint, GoldenCase } from "./golden-case.ts";
import {
  constantError,
  type FieldError,
  largest,
  type Row,
  relativeDifference,
  relativeError,
  type Tolerances,
} from "./golden-compare.ts";
import { compareStep } from "./golden-step.ts";

/** Intermediate step (where the file has one), then every checkpoint, in the order of completed epochs. */
export async function runCase(
  device: GPUDevice,
  golden: GoldenCase,
  tolerance: Tolerances,
  settings: EngineSettings = {},
): Promise<Row[]> {
  const rows = golden.step.size > 0 ? [await compareStep(device, golden, tolerance, settings)] : [];
  const due = golden.checkpoints.map((checkpoint, index) => ({ checkpoint, index }));
  const engine = await LsqmlEngine.create(device, golden.problem, golden.epochs, settings);
  try {
    const losses: number[] = [];
    for (let completed = 0; completed <= golden.epochs; completed++) {
      if (completed > 0) losses.push((await engine.runEpoch(completed - 1)).loss);
      for (const { checkpoint, index } of due.filter(({ checkpoint: { epochs } }) => epochs === completed))
        rows.push(await compareCheckpoint(engine, golden, checkpoint, index, losses, tolerance));
    }
    const last = Math.max(...due.map(({ checkpoint }) => checkpoint.epochs));
    if (last < golden.epochs) {
      const label = `${golden.file}  epoch ${golden.epochs}, losses only`;
      rows.push({ label, errors: [lossError(golden, losses, golden.checkpoints.length - 1, tolerance)] });
    }
  } finally {
    engine.destroy();
  }
  for (const { checkpoint } of due.filter(({ checkpoint: { epochs } }) => epochs < 0 || epochs > golden.epochs))
    rows.push(unreached(golden, checkpoint));
  return rows;
}

async function compareCheckpoint(
  engine: LsqmlEngine,
  golden: GoldenCase,
  checkpoint: Checkpoint,
  index: number,
  losses: readonly number[],
  tolerance: Tolerances,
): Promise<Row> {
  const object = await engine.readObject();
  const probe = await engine.readProbe();
  const error = (name: "object" | "probe", value: number): FieldError => ({
    name,
    value,
    required: tolerance.required[name][index]!,
    aim: tolerance.aim[name][index]!,
  });
  const { positionsPx } = golden.problem;
  const position = (place: number) => Math.fround(positionsPx[place]!);
  return {
    label: `${golden.file}  epoch ${checkpoint.epochs}`,
    errors: [
      error("object", relativeError(object.data, checkpoint.object.data, golden.illumination)),
      error("probe", relativeError(probe.data, checkpoint.probe.data)),
      lossError(golden, losses, index, tolerance),
      constantError("positions_px", "positions", position, checkpoint.positionsPx, tolerance),
      constantError("opr_weights", "weights", () => 1, checkpoint.oprWeights, tolerance),
    ],
  };
}

/** Largest relative difference of the losses so far, held to a checkpoint's limits. */
function lossError(
  golden: GoldenCase,
  losses: readonly number[],
  index: number,
  { required, aim }: Tolerances,
): FieldError {
  const value = largest(losses.map((loss, epoch) => relativeDifference(loss, golden.loss[epoch]!)));
  return { name: "loss", value, required: required.loss[index]!, aim: aim.loss[index]! };
}

/** A checkpoint that no epoch of the case ends with: nothing of it can be compared. */
function unreached({ file, epochs }: GoldenCase, checkpoint: Checkpoint): Row {
  const label = `${file}  epoch ${checkpoint.epochs} of ${epochs}`;
  const errors = ["object", "probe", "loss", "positions", "weights"].map((name) => ({
    name,
    value: NaN,
    required: 0,
    aim: 0,
  }));
  return { label, errors };
}
