// A finished run without a device: the starting point of a small scan as its result, and made-up losses.

import { prepareProblem } from "../../src/engine/reconstruct.ts";
import { parseOptions, type ReconstructOptionsInput } from "../../src/options.ts";
import type { RunFacts } from "../../src/results/run-record.ts";
import { exportSchedule } from "../../src/schedule/explicit.ts";
import { makeTinyScan } from "../engine/tiny-scan.ts";
import { describeFacts } from "./adapter-facts.ts";

/** Facts of a run of two epochs over twelve patterns of 16 x 16; `options` and `modes` change what they say. */
export function makeFinishedRun(options: ReconstructOptionsInput = {}, modes = 1): RunFacts {
  const { dataset } = makeTinyScan({ modes });
  const parsed = parseOptions({ epochs: 2, batchSize: 5, canvas: { extraPx: 6 }, ...options });
  const { problem, canvas, notes } = prepareProblem(dataset, parsed);
  return {
    result: {
      status: "complete",
      intensityScale: 1,
      diagnosis: null,
      epochsCompleted: 2,
      object: problem.object,
      probe: problem.probe,
      loss: Float64Array.of(0.75, 0.5),
      canvasOriginPx: canvas.canvasOriginPx,
      positionsPx: canvas.positionsPx,
      positionOriginPx: canvas.originPx,
      startIndicesPx: canvas.placement.startIndicesPx,
      fractionsPx: canvas.placement.fractionsPx,
      scanIndexUsed: Int32Array.from({ length: 12 }, (_, index) => index),
      schedule: exportSchedule(problem.plan, 12, 2),
      plan: problem.plan,
      options: parsed,
      profile: "serial",
      profileSource: "adapter",
      memory: { patterns: "resident", patternBytes: 12288, workingBytes: 100000 },
      seconds: { compile: 0.1, load: 0.2, compute: 0.3 },
      notes,
    },
    dataset,
    adapter: describeFacts("hardware"),
    seconds: { read: 0.01, open: 0.02, reconstruct: 0.6 },
    key: "0123",
    resumed: null,
    scheduleFile: null,
    maskFile: null,
    finishedAt: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
  };
}
