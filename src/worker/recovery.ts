// A reconstruction that survives what devices do: one loss (goes on from the last checkpoint, to the same bits on the same
// adapter), and too little memory (smaller minibatches, three times). reliability.md rows F5, F6, F9, H5.

import type { Dataset, DatasetNote } from "../data/dataset.ts";
import type { Checkpoint } from "../engine/checkpoint.ts";
import { type PreparedProblem, prepareRun, reconstructPrepared } from "../engine/reconstruct.ts";
import type { ReconstructHooks, ReconstructResult } from "../engine/result.ts";
import { GpuError } from "../errors.ts";
import type { OpenedGpu } from "../gpu/open-browser-device.ts";
import type { ReconstructOptions } from "../options.ts";

const LOSSES_SURVIVED = 1;
const HALVINGS = 3;

export interface RecoverySurroundings {
  /** A device that is alive, a new one after a loss. */
  readonly openDevice: () => Promise<OpenedGpu>;
  /** Called before each attempt; what it gives goes to the run. */
  readonly begin: (prepared: PreparedProblem) => ReconstructHooks;
  readonly checkpointSeconds: number;
  /** Where to go on from; null = the start. */
  readonly resumeFrom: Checkpoint | null;
  readonly keep: (checkpoint: Checkpoint) => void;
}

export interface RecoveredRun {
  readonly result: ReconstructResult;
  readonly opened: OpenedGpu;
  /** The last interruption that was gone on from; null without. */
  readonly resumed: { readonly epochs: number; readonly sameAdapter: boolean } | null;
}

/** Reconstructs. Throws what `reconstruct` throws, GPU_LOST at the second loss. */
export async function reconstructWithRecovery(
  dataset: Dataset,
  asked: ReconstructOptions,
  around: RecoverySurroundings,
): Promise<RecoveredRun> {
  const notes: DatasetNote[] = [];
  let options = asked;
  let checkpoint = around.resumeFrom;
  let losses = 0;
  let halvings = 0;
  let before: OpenedGpu | null = null;
  for (;;) {
    const prepared = await prepareRun(dataset, options);
    const opened = await around.openDevice();
    const sameAdapter: boolean = before === null || before.facts.description === opened.facts.description;
    before = opened;
    const start = checkpoint;
    try {
      const result = await reconstructPrepared(opened.device, prepared, {
        ...around.begin(prepared),
        checkpoints: {
          everySeconds: around.checkpointSeconds,
          save: async (saved) => {
            checkpoint = saved;
            around.keep(saved);
          },
        },
        ...(start ? { resumeFrom: start } : {}),
      });
      const resumed = start ? { epochs: start.epochsCompleted, sameAdapter } : null;
      return { result: withNotes(result, notes), opened, resumed };
    } catch (error) {
      if (!(error instanceof GpuError)) throw error;
      if (error.code === "GPU_LOST" && losses < LOSSES_SURVIVED) {
        losses += 1;
        notes.push(warning("GPU_LOST", "the device was lost once; the run went on from its last checkpoint"));
      } else if (error.code === "GPU_OOM" && halvings < HALVINGS && options.batchSize > 1 && !checkpoint) {
        halvings += 1;
        options = { ...options, batchSize: Math.ceil(options.batchSize / 2) };
        const message = `the device's memory holds no minibatches of ${2 * options.batchSize}: ${options.batchSize} patterns each`;
        notes.push(warning("BATCH_HALVED", message));
      } else throw error;
    }
  }
}

function warning(code: string, message: string): DatasetNote {
  return { level: "warning", code, message };
}

/** `schedule` of a result is made when it is asked for, so the result is not spread. */
function withNotes(result: ReconstructResult, notes: readonly DatasetNote[]): ReconstructResult {
  if (notes.length === 0) return result;
  return Object.create(result, {
    notes: { value: [...result.notes, ...notes], enumerable: true },
  }) as ReconstructResult;
}
