// A reconstruction that survives what devices do: one loss (goes on from the last checkpoint, to the same bits on the same
// adapter), and too little memory (smaller minibatches, three times). reliability.md rows F5, F6, F8, F9, F21, H5.

import type { Dataset, DatasetNote } from "../data/dataset.ts";
import type { Checkpoint } from "../engine/checkpoint.ts";
import { type PreparedProblem, prepareRun, reconstructPrepared } from "../engine/reconstruct.ts";
import type { ReconstructHooks, ReconstructResult } from "../engine/result.ts";
import { GpuError } from "../errors.ts";
import type { AdapterFacts } from "../gpu/device.ts";
import type { OpenedGpu } from "../gpu/open-browser-device.ts";
import type { ReconstructOptions } from "../options.ts";

const LOSSES_SURVIVED = 1;
const HALVINGS = 3;
/** Waits before an adapter is asked for again: a browser that restarts its graphics process has none for a moment. */
const ADAPTER_WAITS_MS = [500, 1000, 2000];

/** Where a run can go on from, with what led there. */
export interface SavedState {
  readonly checkpoint: Checkpoint;
  /** With the minibatches that fitted. */
  readonly options: ReconstructOptions;
  readonly adapter: AdapterFacts;
}

export interface RecoverySurroundings {
  /** A device that is alive, a new one after a loss. */
  readonly openDevice: () => Promise<OpenedGpu>;
  /** Called before each attempt; what it gives goes to the run. */
  readonly begin: (prepared: PreparedProblem) => ReconstructHooks;
  readonly checkpointSeconds: number;
  /** Where to go on from; null = the start. */
  readonly resumeFrom: SavedState | null;
  readonly keep: (state: SavedState) => void;
}

export interface RecoveredRun {
  readonly result: ReconstructResult;
  readonly opened: OpenedGpu;
  /** Of opening the device that the result is from. */
  readonly openSeconds: number;
  /** The last interruption that was gone on from; null without. */
  readonly resumed: { readonly epochs: number; readonly sameAdapter: boolean } | null;
}

/** Reconstructs. Throws what `reconstruct` throws, GPU_LOST at the second loss, GPU_GONE (75) when no adapter comes back. */
export async function reconstructWithRecovery(
  dataset: Dataset,
  asked: ReconstructOptions,
  around: RecoverySurroundings,
): Promise<RecoveredRun> {
  const notes: DatasetNote[] = [];
  let saved = around.resumeFrom;
  let options = saved?.options ?? asked;
  let losses = 0;
  let halvings = 0;
  for (;;) {
    const start = saved;
    try {
      const prepared = await prepareRun(dataset, options);
      const opening = performance.now();
      const opened = await (losses > 0 ? openAgain(around.openDevice) : around.openDevice());
      const openSeconds = (performance.now() - opening) / 1000;
      const result = await reconstructPrepared(opened.device, prepared, {
        ...around.begin(prepared),
        checkpoints: {
          everySeconds: around.checkpointSeconds,
          save: async (checkpoint) => {
            saved = { checkpoint, options, adapter: opened.facts };
            around.keep(saved);
          },
        },
        ...(start ? { resumeFrom: start.checkpoint } : {}),
      });
      const resumed = start && {
        epochs: start.checkpoint.epochsCompleted,
        sameAdapter: isSameAdapter(start.adapter, opened.facts),
      };
      return { result: withNotes(result, notes), opened, openSeconds, resumed };
    } catch (error) {
      if (!(error instanceof GpuError)) throw error;
      if (error.code === "GPU_LOST" && losses < LOSSES_SURVIVED) {
        losses += 1;
        notes.push(warning("GPU_LOST", "the device was lost once; the run went on from its last checkpoint"));
      } else if (error.code === "GPU_OOM" && halvings < HALVINGS && options.batchSize > 1 && !saved) {
        halvings += 1;
        const before = options.batchSize;
        options = { ...options, batchSize: Math.ceil(before / 2) };
        const message = `the device's memory holds no minibatches of ${before}: ${options.batchSize} patterns each`;
        notes.push(warning("BATCH_HALVED", message));
      } else throw error;
    }
  }
}

/** A device after a loss, waiting for the adapter to come back. */
async function openAgain(openDevice: () => Promise<OpenedGpu>): Promise<OpenedGpu> {
  for (const waitMs of ADAPTER_WAITS_MS) {
    const opened = await openDevice().catch((error: unknown) => {
      if (error instanceof GpuError && error.code === "GPU_NONE") return null;
      throw error;
    });
    if (opened) return opened;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return await openDevice().catch((error: unknown) => {
    if (!(error instanceof GpuError && error.code === "GPU_NONE")) throw error;
    const remedy = "Go on when the graphics adapter is back, from the last checkpoint";
    throw new GpuError("GPU_GONE", "the graphics adapter was lost and has not come back", { remedy }, 75, error);
  });
}

/** The bits of a run may differ between any two of these. */
function isSameAdapter(before: AdapterFacts, now: AdapterFacts): boolean {
  const names = ["kind", "vendor", "architecture", "device", "description", "driver"] as const;
  return names.every((name) => before[name] === now[name]);
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
