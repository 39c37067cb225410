// Replays one golden case on a device and compares every checkpoint.

import { LsqmlEngine } from "../src/index.ts";
import type { Checkpoint, GoldenCase } from "./golden-case.ts";
import { compareStep, type Row } from "./golden-step.ts";

export interface Tolerance {
  readonly object: readonly number[];
  readonly probe: readonly number[];
  readonly loss: readonly number[];
  readonly positions_px?: number;
}

/** As in manifest.json, one entry per checkpoint. */
export interface Tolerances {
  readonly required: Tolerance;
  readonly aim: Tolerance;
}

/** True when every error of every row is within the limit; NaN never is. */
export function isWithin(rows: readonly Row[], limit: "required" | "aim"): boolean {
  return rows.every((row) => row.errors.every((error) => error.value <= error[limit]));
}

/** Intermediate step (where the file has one), then every checkpoint. */
export async function runCase(device: GPUDevice, golden: GoldenCase, tolerance: Tolerances): Promise<Row[]> {
  const rows = golden.step.size > 0 ? [await compareStep(device, golden)] : [];
  const engine = await LsqmlEngine.create(device, golden.problem, golden.epochs);
  try {
    const losses: number[] = [];
    for (let epoch = 0; epoch < golden.epochs; epoch++) {
      losses.push((await engine.runEpoch(epoch)).loss);
      const index = golden.checkpoints.findIndex((checkpoint) => checkpoint.epochs === epoch + 1);
      if (index >= 0)
        rows.push(await compareCheckpoint(engine, golden, golden.checkpoints[index]!, index, losses, tolerance));
    }
  } finally {
    engine.destroy();
  }
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
  const error = (name: "object" | "probe" | "loss", value: number) => ({
    name,
    value,
    required: tolerance.required[name][index]!,
    aim: tolerance.aim[name][index]!,
  });
  const positionLimit = tolerance.required.positions_px ?? 1e-3;
  const lossErrors = losses.map((loss, epoch) => Math.abs(loss - golden.loss[epoch]!) / golden.loss[epoch]!);
  const moved = Array.from(checkpoint.positionsPx, (value, place) =>
    Math.abs(value - Math.fround(golden.problem.positionsPx[place]!)),
  );
  return {
    label: `${golden.file}  epoch ${checkpoint.epochs}`,
    errors: [
      error("object", weightedError(object.data, checkpoint.object.data, golden.illumination)),
      error("probe", weightedError(probe.data, checkpoint.probe.data, null)),
      error("loss", largest(lossErrors)),
      { name: "positions", value: largest(moved), required: positionLimit, aim: positionLimit / 10 },
    ],
  };
}

/** sqrt(sum w |a - b|^2 / sum w |b|^2) of complex arrays; weights repeat for further slices. */
function weightedError(actual: Float32Array, expected: Float32Array, weights: Float32Array | null): number {
  let difference = 0;
  let total = 0;
  for (let index = 0; index < expected.length / 2; index++) {
    const weight = weights ? weights[index % weights.length]! : 1;
    difference +=
      weight *
      ((actual[2 * index]! - expected[2 * index]!) ** 2 + (actual[2 * index + 1]! - expected[2 * index + 1]!) ** 2);
    total += weight * (expected[2 * index]! ** 2 + expected[2 * index + 1]! ** 2);
  }
  return Math.sqrt(difference / total);
}

/** Maximum that NaN does not hide in. */
function largest(values: readonly number[]): number {
  return values.reduce((found, value) => (value > found || Number.isNaN(value) ? value : found), 0);
}
