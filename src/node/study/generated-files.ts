// Single files of the generated study, each written whole or not at all.

import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import type { DatasetNote } from "../../data/dataset.ts";
import { openNpz } from "../../data/npz.ts";
import { formatJson } from "../../results/json-text.ts";
import type { StudySplit } from "../../study/design.ts";
import { type StudyMember, writeStudyNpz } from "../../study/members.ts";
import { listPhaseCMembers, type PhaseCPlan } from "../../study/phase-c.ts";
import { planView, type ViewRequest } from "../../study/phase-d.ts";
import type { ViewSelection } from "../../study/view-selection.ts";
import { readVersions } from "../artifacts.ts";
import { type FileSink, fromPieces, type WrittenFile, writeFileAtomic } from "../atomic-write.ts";
import { fileAccess, inflateRaw } from "../file-access.ts";
import { createOutputFolder } from "../output-folder.ts";

/** How files are written and watched. */
export interface WriteHooks {
  readonly overwrite: boolean;
  /** Bytes of the current file so far. */
  readonly onBytes?: (path: string, bytes: number) => void;
  /** Stops between two pieces; the file then does not appear. */
  readonly signal?: AbortSignal;
}

/** Version that files name as their maker. */
export function packageVersion(): string {
  return readVersions()["ptycho-webgpu"] ?? "unknown";
}

/** Writes `patched_<split>.npz` of a dose. */
export function writeSplitFile(
  path: string,
  plan: PhaseCPlan,
  dose: number,
  split: StudySplit,
  hooks: WriteHooks,
): Promise<WrittenFile> {
  return writeMembers(path, listPhaseCMembers(plan, dose, split, packageVersion()), hooks);
}

export interface WrittenView extends WrittenFile {
  readonly selection: ViewSelection;
  readonly notes: readonly DatasetNote[];
}

/** Writes a view of the Phase C file at `sourcePath`. Throws as `planView`; then nothing is written. */
export async function writeViewFile(
  path: string,
  sourcePath: string,
  request: ViewRequest,
  hooks: WriteHooks,
): Promise<WrittenView> {
  const access = await fileAccess(sourcePath);
  try {
    const npz = await openNpz(access, { codecs: { inflate: inflateRaw, crc32 } });
    const { selection, members, notes } = await planView(npz, request);
    return { ...(await writeMembers(path, members, hooks)), selection, notes };
  } finally {
    await access.close();
  }
}

/** Writes a JSON file. */
export async function writeJson(path: string, value: unknown, hooks: WriteHooks): Promise<WrittenFile> {
  const file = { path, produce: fromPieces([`${formatJson(value).text}\n`]) };
  return await inFolder(path, () => writeFileAtomic(file, hooks));
}

function writeMembers(path: string, members: Iterable<StudyMember>, hooks: WriteHooks): Promise<WrittenFile> {
  const produce = async (sink: FileSink) => {
    let bytes = 0;
    const watched = async (piece: Uint8Array) => {
      hooks.signal?.throwIfAborted();
      await sink(piece);
      bytes += piece.length;
      hooks.onBytes?.(path, bytes);
    };
    await writeStudyNpz(watched, members, crc32);
  };
  return inFolder(path, () => writeFileAtomic({ path, produce }, hooks));
}

/** Makes the file's folder; a failure leaves no new one. */
async function inFolder<T>(path: string, write: () => Promise<T>): Promise<T> {
  const folder = await createOutputFolder(dirname(path));
  try {
    return await write();
  } catch (error) {
    await folder.discard();
    throw error;
  }
}
