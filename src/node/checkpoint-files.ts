// Checkpoints on disk: one NPZ each (every member has a CRC), named by finished epochs, the newest two are kept.

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ComplexArray } from "../complex.ts";
import type { NumericArray } from "../data/npy-array.ts";
import { numericArray, textScalar } from "../data/npy-encode.ts";
import { openNpz } from "../data/npz.ts";
import { writeNpz } from "../data/write-npz.ts";
import type { Checkpoint } from "../engine/checkpoint.ts";
import { InputError, PtychoError } from "../errors.ts";
import { type ProfileName, profileNames } from "../profile-names.ts";
import { fromPieces, type StagedFile, stageFile } from "./atomic-write.ts";
import { commitStaged } from "./commit-files.ts";
import { fileAccess } from "./file-access.ts";
import { errorCode, type FileSystem, nodeFileSystem } from "./file-system.ts";

const FORMAT_VERSION = 1;
const KEPT = 2;
const NAME = /^checkpoint-(\d{6,})\.npz$/;

/** What a checkpoint file says besides its arrays. */
export interface CheckpointFacts {
  /** runKey of the run. */
  readonly key: string;
  /** Adapter it was computed on, for people and for noticing another one. */
  readonly adapter: string;
  /** Seconds of computing so far. */
  readonly computeSeconds: number;
}

export interface FoundCheckpoint {
  readonly path: string;
  readonly checkpoint: Checkpoint;
  readonly facts: CheckpointFacts;
}

/** Stages a checkpoint in `folder`, to be committed by whoever may. Throws OutputError. */
export function stageCheckpoint(
  folder: string,
  checkpoint: Checkpoint,
  facts: CheckpointFacts,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<StagedFile> {
  const path = join(folder, `checkpoint-${String(checkpoint.epochsCompleted).padStart(6, "0")}.npz`);
  const header = {
    format: "ptycho-webgpu checkpoint",
    version: FORMAT_VERSION,
    ...facts,
    epochsCompleted: checkpoint.epochsCompleted,
    unsolvedSteps: checkpoint.unsolvedSteps,
    profile: checkpoint.profile,
  };
  const complex = ({ shape, data }: ComplexArray) => numericArray("complex64", shape, data);
  const float32 = (data: Float32Array) => numericArray("float32", [data.length], data);
  const bytes = writeNpz([
    ["header", textScalar(JSON.stringify(header))],
    ["object", complex(checkpoint.object)],
    ["probe", complex(checkpoint.probe)],
    ["illumination", float32(checkpoint.illumination)],
    ["far_step", float32(checkpoint.farStep)],
    ["loss", numericArray("float64", [checkpoint.loss.length], checkpoint.loss)],
  ]);
  return stageFile({ path, produce: fromPieces([bytes]) }, { overwrite: true, fileSystem });
}

/**
 * Puts a staged checkpoint in place. Of those of fewer epochs the newest stays, in case this one turns out unreadable; those
 * of more epochs are of another run or could not be read, else the run would have gone on from them. Throws OutputError.
 */
export async function commitCheckpoint(
  folder: string,
  staged: StagedFile,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  await commitStaged([staged], { overwrite: true, fileSystem });
  const names = await listCheckpoints(folder);
  const at = names.indexOf(basename(staged.path));
  for (const name of [...names.slice(0, Math.max(at, 0)), ...names.slice(at + KEPT)]) {
    await fileSystem.removeFile(join(folder, name)).catch(() => {});
  }
}

/** True for the file name of a checkpoint. */
export function isCheckpoint(name: string): boolean {
  return NAME.test(name);
}

/** File names of checkpoints, newest first; none where there is no folder. */
export async function listCheckpoints(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return [];
    throw error;
  });
  const epochsOf = (name: string) => Number(NAME.exec(name)![1]);
  return names.filter(isCheckpoint).sort((a, b) => epochsOf(b) - epochsOf(a));
}

/** Removes every checkpoint of a folder; a finished result needs none. */
export async function removeCheckpoints(folder: string, fileSystem: FileSystem = nodeFileSystem): Promise<void> {
  for (const name of await listCheckpoints(folder)) await fileSystem.removeFile(join(folder, name)).catch(() => {});
}

/**
 * The newest checkpoint that is whole, with at most `mostEpochs` epochs; `remarks` says of newer ones why they were passed
 * over. Null when there is none. With `mustFit`, throws InputError CHECKPOINT_MISMATCH (65) when whole ones exist and none belongs to the run `key`; always
 * CHECKPOINT_VERSION (65) when none does and there is one of another version of the format: it may be hours of work.
 */
export async function findCheckpoint(
  folder: string,
  key: string,
  mustFit: boolean,
  mostEpochs = Number.POSITIVE_INFINITY,
): Promise<{ found: FoundCheckpoint | null; remarks: string[] }> {
  const remarks: string[] = [];
  let other: string | null = null;
  let foreign: PtychoError | null = null;
  for (const name of await listCheckpoints(folder)) {
    const path = join(folder, name);
    try {
      const found = await readCheckpoint(path);
      const { epochsCompleted } = found.checkpoint;
      const fits = found.facts.key === key;
      if (fits && epochsCompleted <= mostEpochs) return { found, remarks };
      other ??= path;
      remarks.push(
        fits ? `${name} has ${epochsCompleted} epochs, ${mostEpochs} were asked for` : `${name} belongs to another run`,
      );
    } catch (error) {
      if (!(error instanceof PtychoError)) throw error;
      if (error.code === "CHECKPOINT_VERSION") foreign ??= error;
      remarks.push(`${name} cannot be used: ${error.message}`);
    }
  }
  if (foreign !== null) throw foreign;
  if (other !== null && mustFit) {
    throw new InputError("CHECKPOINT_MISMATCH", "no checkpoint fits: other data, options, version or more epochs", {
      source: other,
      got: remarks.join("; "),
      remedy: "Give the options of the first call, or start anew with --overwrite",
    });
  }
  return { found: null, remarks };
}

/** Reads one file. Throws InputError with the codes of the archive reader, CHECKPOINT_FORMAT or CHECKPOINT_VERSION. */
export async function readCheckpoint(path: string): Promise<FoundCheckpoint> {
  const access = await fileAccess(path);
  try {
    const npz = await openNpz(access);
    const text = await npz.readArray("header", { maximumBytes: 2 ** 16 });
    const header = parseHeader(text.dtype === "str" ? (text.data[0] ?? "") : "", path);
    const complex = async (name: string): Promise<ComplexArray> => {
      const { shape, data } = expectType(await npz.readNumeric(name), "complex64", path, name);
      return { shape, data: data as Float32Array };
    };
    const numbers = async (name: string, dtype: "float32" | "float64") =>
      expectType(await npz.readNumeric(name), dtype, path, name).data;
    return {
      path,
      facts: { key: header.key, adapter: header.adapter, computeSeconds: header.computeSeconds },
      checkpoint: {
        epochsCompleted: header.epochsCompleted,
        unsolvedSteps: header.unsolvedSteps,
        profile: header.profile ?? null,
        object: await complex("object"),
        probe: await complex("probe"),
        illumination: (await numbers("illumination", "float32")) as Float32Array,
        farStep: (await numbers("far_step", "float32")) as Float32Array,
        loss: (await numbers("loss", "float64")) as Float64Array,
      },
    };
  } finally {
    await access.close();
  }
}

interface CheckpointHeader extends CheckpointFacts {
  readonly epochsCompleted: number;
  readonly unsolvedSteps: number;
  /** Absent where it was written before there were profiles. */
  readonly profile?: ProfileName | null;
}

function parseHeader(text: string, path: string): CheckpointHeader {
  let version: unknown = null;
  try {
    const header = JSON.parse(text);
    version = header.version;
    const whole =
      [header.epochsCompleted, header.unsolvedSteps].every((value) => Number.isSafeInteger(value)) &&
      [undefined, null, ...profileNames].includes(header.profile);
    if (header.version === FORMAT_VERSION && typeof header.key === "string" && whole) return header;
  } catch {
    // falls through to the refusal
  }
  if (Number.isSafeInteger(version) && version !== FORMAT_VERSION) {
    throw new InputError("CHECKPOINT_VERSION", "the checkpoint was written by another version of this program", {
      source: path,
      field: "header",
      expected: `format version ${FORMAT_VERSION}`,
      got: `format version ${version}`,
      remedy: "Go on with the version that wrote it, or start anew with --overwrite",
    });
  }
  throw new InputError("CHECKPOINT_FORMAT", "not a checkpoint", { source: path, field: "header" });
}

function expectType(array: NumericArray, dtype: NumericArray["dtype"], path: string, field: string): NumericArray {
  if (array.dtype === dtype) return array;
  throw new InputError("CHECKPOINT_FORMAT", "an array of another type", {
    source: path,
    field,
    expected: dtype,
    got: array.dtype,
  });
}
