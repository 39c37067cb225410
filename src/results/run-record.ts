// run.json as a value: what ran, on what, with which outcome. Who writes it adds what only the place knows.

import type { Dataset } from "../data/dataset.ts";
import type { ReconstructResult } from "../engine/result.ts";
import type { AdapterFacts } from "../gpu/device.ts";
import { JsonRows } from "./json-text.ts";

/** What run.json calls itself. */
export const RECORD_FORMAT = "ptycho-webgpu run";

/** A finished run and what led to it. */
export interface RunFacts {
  readonly result: ReconstructResult;
  readonly dataset: Dataset;
  readonly adapter: AdapterFacts;
  /** Reading and checking the input, opening the device (null = not measured), and the whole of `reconstruct`. */
  readonly seconds: { readonly read: number | null; readonly open: number | null; readonly reconstruct: number };
  /** runKey: what the arrays depend on; null when nobody knows, and then the result is never taken for another's. */
  readonly key: string | null;
  /** Epochs that came from a checkpoint, and whether of the same adapter (else the bits may differ); null without. */
  readonly resumed: { readonly epochs: number; readonly sameAdapter: boolean } | null;
  /** File of an explicit schedule; null when it was drawn from the seed. */
  readonly scheduleFile: string | null;
  /** File of a mask given beside the scan; null without. */
  readonly maskFile: string | null;
  readonly finishedAt: Date;
}

/** What the place adds where the record is written; unknown is null. */
export interface RecordSurroundings {
  readonly input: { readonly name: string; readonly path: string | null };
  /** SHA-256 of the schedule's canonical text. */
  readonly scheduleSha256: string | null;
  /** Versions that may change the numbers. */
  readonly versions: Readonly<Record<string, string | null>>;
  readonly writeSeconds: number | null;
  /** The result's other files by name. */
  readonly files: Readonly<Record<string, { readonly sizeBytes: number; readonly sha256: string | null }>>;
  readonly pictureError: string | null;
}

/** The fields of run.json in their order; `formatRecord` makes text of it. */
export function buildRunRecord(run: RunFacts, place: RecordSurroundings): Record<string, unknown> {
  const { result, dataset, adapter, seconds } = run;
  const { canvas } = result.options;
  return {
    format: RECORD_FORMAT,
    formatVersion: 1,
    key: run.key,
    status: result.status,
    resumed: run.resumed,
    diagnosis: result.diagnosis,
    finishedAt: run.finishedAt.toISOString(),
    options: result.options,
    seed: result.options.seed,
    schedule: {
      sha256: place.scheduleSha256,
      mode: result.plan.mode,
      source: run.scheduleFile ?? "seed",
      largestMinibatch: result.plan.maxBatchSize,
    },
    input: {
      name: place.input.name,
      path: place.input.path,
      sizeBytes: dataset.sizeBytes,
      sha256: dataset.sha256,
      maskFile: run.maskFile,
      pixelSizeM: dataset.pixelSizeM,
      reading: dataset.provenance,
    },
    patterns: { present: dataset.patternsPresent, used: result.scanIndexUsed.length },
    canvas: {
      shapePx: result.object.shape.slice(1),
      originPx: result.canvasOriginPx,
      positionOriginPx: result.positionOriginPx,
      originRule: canvas.originRule,
      halfPixel: canvas.halfPixel,
      startIndicesPx: new JsonRows(result.startIndicesPx, 2),
      fractionsPx: new JsonRows(result.fractionsPx, 2),
    },
    adapter,
    profile: result.profile,
    profileSource: result.profileSource,
    memory: result.memory,
    versions: place.versions,
    seconds: {
      read: seconds.read,
      open: seconds.open,
      compile: result.seconds.compile,
      load: result.seconds.load,
      compute: result.seconds.compute,
      reconstruct: seconds.reconstruct,
      write: place.writeSeconds,
    },
    intensityScale: result.intensityScale,
    epochsCompleted: result.epochsCompleted,
    loss: result.loss,
    notes: [...dataset.notes, ...result.notes],
    files: place.files,
    pictureError: place.pictureError,
  };
}
