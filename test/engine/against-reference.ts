// Runs the engine and the float64 reference on one problem and measures how far they are apart.

import type { Dataset } from "../../src/data/dataset.ts";
import { LsqmlEngine } from "../../src/engine/lsqml-engine.ts";
import type { LsqmlProblem } from "../../src/engine/problem.ts";
import { prepareProblem } from "../../src/engine/reconstruct.ts";
import type { EngineSettings } from "../../src/engine/state.ts";
import { parseOptions, type ReconstructOptionsInput } from "../../src/options.ts";
import type { Schedule } from "../../src/schedule/schedule.ts";
import { runReference } from "../reference/lsqml.ts";
import { relativeError } from "../support/closeness.ts";

export interface Distances {
  readonly object: number;
  readonly probe: number;
  /** Largest relative difference over minibatches and epochs. */
  readonly loss: number;
  readonly objectSteps: number;
  readonly probeSteps: number;
  readonly farSteps: number;
  readonly illumination: number;
}

/** The problem of a scan from its own guess: flat starts only agree to 1e-3 (gpu-notes.md 6.1). */
export function prepareFromGuess(
  dataset: Dataset,
  options: ReconstructOptionsInput,
  epochs?: Schedule["epochs"],
): LsqmlProblem {
  const canvas = { extraPx: 6, ...options.canvas };
  const parsed = parseOptions({ initialObject: "file", epochs: epochs?.length ?? 100, ...options, canvas });
  if (!epochs) return prepareProblem(dataset, parsed).problem;
  const schedule: Schedule = { version: 1, n: dataset.patterns.count, mode: "random", repeat: "error", epochs };
  return prepareProblem(dataset, parsed, { schedule }).problem;
}

/** Distances after `epochs` epochs. */
export async function compareWithReference(
  device: GPUDevice,
  problem: LsqmlProblem,
  epochs: number,
  settings: EngineSettings = {},
): Promise<Distances> {
  const reference = await runReference(problem, epochs);
  const engine = await LsqmlEngine.create(device, problem, epochs, settings);
  try {
    let loss = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const outcome = await engine.runEpoch(epoch);
      for (const [minibatch, value] of outcome.minibatchLoss.entries()) {
        const error = Math.abs(value / reference.minibatchLoss[epoch]![minibatch]! - 1);
        loss = Number.isNaN(error) ? error : Math.max(loss, error);
      }
    }
    const steps = await engine.readFloats(engine.state.patternSteps);
    const part = (axis: number) => steps.filter((_, index) => index % 2 === axis);
    const modes = reference.probe.flatMap((mode) => Array.from(mode));
    return {
      object: relativeError((await engine.readObject()).data, reference.object),
      probe: relativeError((await engine.readProbe()).data, modes),
      loss,
      objectSteps: relativeError(part(0), reference.objectSteps),
      probeSteps: relativeError(part(1), reference.probeSteps),
      farSteps: relativeError(await engine.readFloats(engine.state.farStep), reference.farSteps),
      illumination: relativeError(await engine.readFloats(engine.state.illumination), reference.illumination),
    };
  } finally {
    engine.destroy();
  }
}
