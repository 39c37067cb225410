// The files of a result: reconstruction.npz, reconstruction.png, run.json. What goes into them, and putting them in place.

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import type { ComplexArray } from "../complex.ts";
import type { Dataset } from "../data/dataset.ts";
import type { NpyArray } from "../data/npy-array.ts";
import { writeNpz } from "../data/write-npz.ts";
import type { ReconstructResult } from "../engine/result.ts";
import type { AdapterFacts } from "../gpu/device.ts";
import { renderReconstruction } from "../pictures/render-reconstruction.ts";
import { serializePlan } from "../schedule/explicit.ts";
import { fromPieces, type StagedFile, stageFile, type WrittenFile } from "./atomic-write.ts";
import { commitStaged, discardStaged } from "./commit-files.ts";
import { readPackageVersion } from "./doctor-facts.ts";
import type { FileSystem } from "./file-system.ts";
import { formatRecord, JsonRows } from "./json-text.ts";

/** Names of a result's files; the record vouches for the others and is put in place last. */
export interface ResultNames {
  readonly arrays: string;
  readonly picture: string;
  readonly record: string;
}

/** What `ptycho reconstruct` writes. */
export const RESULT_NAMES: ResultNames = {
  arrays: "reconstruction.npz",
  picture: "reconstruction.png",
  record: "run.json",
};

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

export interface WriteOptions {
  readonly overwrite: boolean;
  /** Default: RESULT_NAMES. */
  readonly names?: ResultNames;
  /** Default true; false leaves the arrays out, so that nobody takes them for a result. */
  readonly withArrays?: boolean;
  readonly fileSystem?: FileSystem;
  /** Draws reconstruction.png; tests replace it. */
  readonly renderPicture?: (run: RunFacts) => Uint8Array;
}

/** What was written or is ready to be put in place, and how the picture went. */
export interface StagedArtifacts {
  /** In the order in which they are to be put in place. */
  readonly files: readonly StagedFile[];
  /** Paths of an earlier result's files that must not stay beside these. */
  readonly obsolete: readonly string[];
  /** Why there is no new picture; null when there is one. */
  readonly pictureError: string | null;
}

/**
 * Stages the files in an existing folder, synced, the record last. Throws OutputError (exit 74) and then leaves nothing
 * behind. A picture that cannot be drawn is left out: it must not cost the result.
 */
export async function stageArtifacts(folder: string, run: RunFacts, options: WriteOptions): Promise<StagedArtifacts> {
  const names = options.names ?? RESULT_NAMES;
  const begin = performance.now();
  const staged: StagedFile[] = [];
  const stage = async (name: string, pieces: Iterable<Uint8Array | string>) => {
    staged.push(await stageFile({ path: join(folder, name), produce: fromPieces(pieces) }, options));
  };
  try {
    if (options.withArrays ?? true) await stage(names.arrays, [writeNpz(resultMembers(run))]);
    const { picture, pictureError } = drawPicture(run, options.renderPicture ?? renderPicture);
    if (picture) await stage(names.picture, [picture]);
    const writeSeconds = (performance.now() - begin) / 1000;
    await stage(names.record, describeRun(run, staged, writeSeconds, pictureError));
    const obsolete = [names.arrays, names.picture]
      .map((name) => join(folder, name))
      .filter((path) => !staged.some((file) => file.path === path));
    return { files: staged, obsolete, pictureError };
  } catch (error) {
    await discardStaged(staged, options.fileSystem);
    throw error;
  }
}

/** Stages the files and puts them in place. Throws OutputError. */
export async function writeArtifacts(folder: string, run: RunFacts, options: WriteOptions): Promise<StagedArtifacts> {
  const staged = await stageArtifacts(folder, run, options);
  await commitStaged(staged.files, options, staged.obsolete);
  return staged;
}

/** Members of reconstruction.npz, as the README lists them. */
export function resultMembers(run: Pick<RunFacts, "result" | "seconds" | "finishedAt">): [string, NpyArray][] {
  const { result, seconds, finishedAt } = run;
  const float64 = (shape: readonly number[], data: Float64Array): NpyArray => ({ shape, dtype: "float64", data });
  const int64 = (values: ArrayLike<number>): NpyArray => ({
    shape: [values.length],
    dtype: "int64",
    data: BigInt64Array.from(values, (value) => BigInt(value)),
  });
  const text = (value: string): NpyArray => ({ shape: [], dtype: "str", data: [value] });
  return [
    ["reconstructed_object", complexMember(result.object)],
    ["reconstructed_probe", complexMember(firstOprMode(result.probe))],
    ["loss", float64([result.loss.length], result.loss)],
    ["canvas_origin_px", int64(result.canvasOriginPx)],
    ["positions_px", float64([result.positionsPx.length / 2, 2], result.positionsPx)],
    ["scan_index_used", int64(result.scanIndexUsed)],
    ["reconstruction_time", float64([], Float64Array.of(seconds.reconstruct))],
    ["algorithm", text(result.options.algorithm)],
    ["timestamp", text(finishedAt.toISOString())],
  ];
}

/** A leading axis of length 1 is dropped: one slice gives [y, x], one mode gives [y, x]. */
function complexMember(array: ComplexArray): NpyArray {
  const shape = array.shape.length === 3 && array.shape[0] === 1 ? array.shape.slice(1) : array.shape;
  return { shape, dtype: "complex64", data: array.data };
}

function firstOprMode(probe: ComplexArray): ComplexArray {
  const shape = probe.shape.slice(1);
  return { shape, data: probe.data.subarray(0, probe.data.length / probe.shape[0]!) };
}

function renderPicture(run: RunFacts): Uint8Array {
  const { result, dataset } = run;
  return renderReconstruction(result, { title: basename(dataset.name), pixelSizeM: dataset.pixelSizeM });
}

function drawPicture(
  run: RunFacts,
  render: (run: RunFacts) => Uint8Array,
): { picture: Uint8Array | null; pictureError: string | null } {
  try {
    return { picture: render(run), pictureError: null };
  } catch (error) {
    return { picture: null, pictureError: error instanceof Error ? error.message : String(error) };
  }
}

/** SHA-256 of the canonical text of the minibatches that a run used, as `--export-schedule` writes it. */
export function hashSchedule(result: ReconstructResult, patternCount: number): string {
  const hash = createHash("sha256");
  for (const piece of serializePlan(result.plan, patternCount, Math.max(1, result.epochsCompleted))) hash.update(piece);
  return hash.digest("hex");
}

/** The text of run.json in pieces. Unknown is null; numbers that are not finite are text and listed under `nonFinite`. */
export function describeRun(
  run: RunFacts,
  files: readonly WrittenFile[],
  writeSeconds: number,
  pictureError: string | null,
): readonly string[] {
  const { result, dataset, adapter, seconds } = run;
  const { canvas } = result.options;
  const record = {
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
      sha256: hashSchedule(result, dataset.patterns.count),
      mode: result.plan.mode,
      source: run.scheduleFile ?? "seed",
      largestMinibatch: result.plan.maxBatchSize,
    },
    input: {
      name: basename(dataset.name),
      path: dataset.name,
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
    versions: readVersions(),
    seconds: {
      read: seconds.read,
      open: seconds.open,
      compile: result.seconds.compile,
      load: result.seconds.load,
      compute: result.seconds.compute,
      reconstruct: seconds.reconstruct,
      write: writeSeconds,
    },
    intensityScale: result.intensityScale,
    epochsCompleted: result.epochsCompleted,
    loss: result.loss,
    notes: [...dataset.notes, ...result.notes],
    files: Object.fromEntries(files.map(({ path, sizeBytes, sha256 }) => [basename(path), { sizeBytes, sha256 }])),
    pictureError,
  };
  return formatRecord(record);
}

/** Versions that may change the numbers. */
export function readVersions(): Readonly<Record<string, string | null>> {
  const packages = ["ptycho-webgpu", "webgpu", "npyjs", "fflate", "zod", "fast-png"];
  return {
    ...Object.fromEntries(packages.map((name) => [name, readPackageVersion(name)])),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  };
}
