// H8: from an NPZ on disk to the object of 100 epochs in memory, both engines in fresh processes, in turn.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type GateValue, gateFinal, passesGate } from "./compare-gate.ts";
import type { RunChoices } from "./compare-lsqml.ts";
import { BATCH_SIZE, type ImageRow } from "./compare-rows.ts";
import { type PreparedScan, writeSchedule } from "./compare-scan.ts";
import { type JobWork, Side } from "./compare-sides.ts";
import { pairRatios, type Spread, spread, spreadOrNull } from "./statistics.ts";

export interface ImageResult {
  readonly passed: boolean;
  readonly epochs: number;
  readonly fileBytes: number;
  readonly final: readonly GateValue[];
  /** Seconds from opening the file, and from process start, to the object in memory. */
  readonly sides: Readonly<Record<string, { readonly fromFile: Spread; readonly fromProcess: Spread }>>;
  readonly ratios: { readonly fromFile: Spread | null; readonly fromProcess: Spread | null } | null;
}

/** Runs `epochs` epochs from the file, `repeats` times in turn; pty-chi in its best configuration. */
export async function compareImage(
  row: ImageRow,
  scan: PreparedScan,
  choices: RunChoices,
  epochs: number,
): Promise<ImageResult> {
  const path = row.storage === "stored" ? scan.path : await deflate(scan.path, choices);
  const schedule = await writeSchedule(choices.folder, scan, BATCH_SIZE, epochs);
  const job: JobWork = {
    scan: path,
    schedule,
    canvasShape: scan.canvasShape,
    epochs,
    batchSize: BATCH_SIZE,
    noiseModel: "gaussian",
  };
  const names = ["ours", "pty-chi best"] as const;
  const times = names.map(() => ({ fromFile: [] as number[], fromProcess: [] as number[] }));
  let final: GateValue[] = [];
  for (let turn = 0; turn < choices.repeats; turn++) {
    const states = [];
    for (const [index, variant] of [null, "best" as const].entries()) {
      const side = new Side(variant, choices);
      try {
        await side.ready();
        const begin = performance.now();
        await side.prepare(job);
        await side.run({ first: 0, count: epochs });
        states.push(await side.state());
        const end = performance.now();
        times[index]!.fromFile.push((end - begin) / 1000);
        times[index]!.fromProcess.push((end - side.worker.startedAt) / 1000);
      } finally {
        await side.close();
      }
    }
    final = gateFinal(states[0]!, states[1]!, scan.illumination);
    if (!passesGate(final)) break;
    choices.say(
      `   turn ${turn + 1}: ${times.map(({ fromFile }, k) => `${names[k]} ${fromFile.at(-1)!.toFixed(2)} s`)}`,
    );
  }
  const passed = passesGate(final);
  const [ours, theirs] = times as [(typeof times)[0], (typeof times)[0]];
  return {
    passed,
    epochs,
    fileBytes: (await stat(path)).size,
    final,
    sides: Object.fromEntries(
      names.map((name, k) => [
        name,
        { fromFile: spread(times[k]!.fromFile), fromProcess: spread(times[k]!.fromProcess) },
      ]),
    ),
    ratios: passed
      ? {
          fromFile: spreadOrNull(pairRatios(theirs.fromFile, ours.fromFile)),
          fromProcess: spreadOrNull(pairRatios(theirs.fromProcess, ours.fromProcess)),
        }
      : null,
  };
}

/** The same arrays compressed, by NumPy. */
async function deflate(source: string, choices: RunChoices): Promise<string> {
  const target = join(choices.folder, "deflated.npz");
  const side = new Side("default", choices);
  try {
    await side.ready();
    await side.worker.call("deflate", { source, target });
    return target;
  } finally {
    await side.close();
  }
}
