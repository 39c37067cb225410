// The files of a result: reconstruction.npz, reconstruction.png, run.json. What goes into them, and putting them in place.

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { writeNpz } from "../data/write-npz.ts";
import type { ReconstructResult } from "../engine/result.ts";
import { renderReconstruction } from "../pictures/render-reconstruction.ts";
import { formatRecord } from "../results/json-text.ts";
import { resultMembers } from "../results/result-members.ts";
import { buildRunRecord, type RunFacts } from "../results/run-record.ts";
import { serializePlan } from "../schedule/explicit.ts";
import { fromPieces, type StagedFile, stageFile, type WrittenFile } from "./atomic-write.ts";
import { commitStaged, discardStaged } from "./commit-files.ts";
import { readPackageVersion } from "./doctor-facts.ts";
import type { FileSystem } from "./file-system.ts";

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
  const record = buildRunRecord(run, {
    input: { name: basename(run.dataset.name), path: run.dataset.name },
    scheduleSha256: hashSchedule(run.result, run.dataset.patterns.count),
    versions: readVersions(),
    writeSeconds,
    files: Object.fromEntries(files.map(({ path, sizeBytes, sha256 }) => [basename(path), { sizeBytes, sha256 }])),
    pictureError,
  });
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
