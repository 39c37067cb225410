// Short runs of the engine whose results are compared as bytes or numbers.

import { createHash } from "node:crypto";
import type { ComplexArray } from "../../src/complex.ts";
import { LsqmlEngine } from "../../src/engine/lsqml-engine.ts";
import type { LsqmlProblem } from "../../src/engine/problem.ts";
import type { EngineSettings } from "../../src/engine/state.ts";

export interface Outcome {
  readonly object: ComplexArray;
  readonly probe: ComplexArray;
  readonly loss: Float64Array;
}

/** Object, probe and losses after `epochs` epochs. */
export async function runEngine(
  device: GPUDevice,
  problem: LsqmlProblem,
  epochs: number,
  settings: EngineSettings = {},
): Promise<Outcome & { readonly streamed: boolean; readonly sliceCount: number }> {
  const engine = await LsqmlEngine.create(device, problem, epochs, settings);
  try {
    const loss = new Float64Array(epochs);
    for (let epoch = 0; epoch < epochs; epoch++) loss[epoch] = (await engine.runEpoch(epoch)).loss;
    return {
      object: await engine.readObject(),
      probe: await engine.readProbe(),
      loss,
      streamed: !engine.state.patternsResident,
      sliceCount: engine.state.slices.length,
    };
  } finally {
    engine.destroy();
  }
}

/** Digests of everything that has to be equal when two runs are to be equal bit for bit. */
export function bitsOf({ object, probe, loss }: Outcome): { object: string; probe: string; loss: string } {
  const digest = (array: Float32Array | Float64Array) => createHash("sha256").update(array).digest("hex");
  return { object: digest(object.data), probe: digest(probe.data), loss: digest(loss) };
}

/** Every value of the array times exp(i phase), a factor, or both. */
export function turnWave(wave: ComplexArray, phase: number, factor = 1): ComplexArray {
  const [cosine, sine] = [factor * Math.cos(phase), factor * Math.sin(phase)];
  const data = wave.data.map((value, k) =>
    k % 2 === 0 ? value * cosine - wave.data[k + 1]! * sine : value * cosine + wave.data[k - 1]! * sine,
  );
  return { shape: wave.shape, data };
}

/** The last two axes exchanged. */
export function transposeWave({ shape, data }: ComplexArray): ComplexArray {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const turned = data.map((_, k) => {
    const plane = Math.floor(k / (2 * rows * columns));
    const pixel = Math.floor((k % (2 * rows * columns)) / 2);
    const from = (pixel % rows) * columns + Math.floor(pixel / rows);
    return data[2 * (plane * rows * columns + from) + (k % 2)]!;
  });
  return { shape: [...shape.slice(0, -2), columns, rows], data: turned };
}
