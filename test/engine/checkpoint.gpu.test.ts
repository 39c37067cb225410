// Going on from a checkpoint gives the bits of a run that was never interrupted.
import { beforeAll, describe, expect, test } from "vitest";
import type { Checkpoint } from "../../src/engine/checkpoint.ts";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import type { ReconstructHooks } from "../../src/engine/result.ts";
import type { ReconstructOptionsInput } from "../../src/options.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { testDevice } from "../support/gpu.ts";
import { bitsOf } from "./run-engine.ts";
import { makeTinyScan } from "./tiny-scan.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

const { dataset } = makeTinyScan({ modes: 2 });
const plain = { initialObject: "file", epochs: 14, batchSize: 5, canvas: { extraPx: 6 } } as const;
const run = (options: ReconstructOptionsInput = {}, hooks: ReconstructHooks = {}) =>
  reconstruct(device, dataset, { ...plain, ...options }, hooks);

async function runWithCheckpoints(options: ReconstructOptionsInput, hooks: ReconstructHooks = {}) {
  const checkpoints: Checkpoint[] = [];
  const save = async (checkpoint: Checkpoint) => void checkpoints.push(checkpoint);
  const result = await run(options, { ...hooks, checkpoints: { everySeconds: 0, save } });
  return { result, checkpoints };
}

const power = { power: { enabled: true, target: 900 }, orthogonalizeModes: { method: "gram-schmidt" } } as const;
const kinds: [string, ReconstructOptionsInput][] = [
  ["gaussian", {}],
  ["poisson, whose steps carry over", { noiseModel: "poisson", poissonStepNoise: 0.01 }],
  ["power constraint, Gram-Schmidt, streamed", { probe: power, deviceMemoryBytes: 1 }],
];

describe("resuming", () => {
  test.each(kinds)("%s: after any epoch, same bits", async (_, options) => {
    const whole = await runWithCheckpoints(options);
    expect(whole.checkpoints.map(({ epochsCompleted }) => epochsCompleted)).toEqual(
      Array.from({ length: 13 }, (_, k) => k + 1),
    );
    // around the epochs at which the illumination map changes its rhythm, and at both ends
    for (const resumeFrom of [1, 4, 9, 10, 13].map((epochs) => whole.checkpoints[epochs - 1]!)) {
      const resumed = await run(options, { resumeFrom });
      expect(bitsOf(resumed), `after ${resumeFrom.epochsCompleted}`).toEqual(bitsOf(whole.result));
      expect(resumed.epochsCompleted).toBe(14);
    }
  });

  test.each([0, 1])("a run stopped in minibatch %i of an epoch leaves the state at the epoch's start", async (at) => {
    const controller = new AbortController();
    const { result, checkpoints } = await runWithCheckpoints(
      { noiseModel: "poisson" },
      {
        signal: controller.signal,
        onMinibatch: ({ epoch, minibatch }) => {
          if (epoch === 11 && minibatch === at) controller.abort();
        },
      },
    );
    expect(result.status).toBe("cancelled");
    const resumeFrom = checkpoints.at(-1)!;
    expect(resumeFrom.epochsCompleted).toBe(11);
    expect(bitsOf(await run({ noiseModel: "poisson" }, { resumeFrom }))).toEqual(
      bitsOf(await run({ noiseModel: "poisson" })),
    );
  });

  test("stopped in epoch 0: there is nothing to keep", async () => {
    const { result, checkpoints } = await runWithCheckpoints({}, { signal: AbortSignal.abort() });
    expect(result.status).toBe("cancelled");
    expect(checkpoints).toEqual([]);
  });

  test("more epochs than the first call asked for", async () => {
    const { checkpoints } = await runWithCheckpoints({ epochs: 6 });
    expect(bitsOf(await run({}, { resumeFrom: checkpoints.at(-1)! }))).toEqual(bitsOf(await run()));
  });

  test("E18 a checkpoint of another run is refused by field", async () => {
    const { checkpoints } = await runWithCheckpoints({ epochs: 3 });
    const last = checkpoints.at(-1)!;
    await expectRefusal(run({ canvas: { extraPx: 7 } }, { resumeFrom: last }), "CHECKPOINT_MISMATCH", ["object"]);
    await expectRefusal(run({ epochs: 1 }, { resumeFrom: last }), "CHECKPOINT_MISMATCH", ["epochs_completed", "1"]);
    const broken = { ...last, object: { ...last.object, data: last.object.data.map(() => Number.NaN) } };
    await expectRefusal(run({}, { resumeFrom: broken }), "CHECKPOINT_MISMATCH", ["object", "finite"]);
  });
});
