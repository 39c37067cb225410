// The data of a study while inputs are made in it: its folders are this call's alone.

import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import type { StudyRoots } from "../../jobs/roots.ts";
import { type FolderLock, lockFolder } from "../folder-lock.ts";
import { asOutputError } from "../output-checks.ts";
import { createOutputFolder, type OutputFolder } from "../output-folder.ts";

export interface DataLock {
  /** Throws BusyError LOCK_LOST (75) when somebody broke it. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Locks the folders that hold the Phase C and D roots, but for the artifact root, which the call holds already. Throws as
 * `lockFolder` does, and OutputError; then nothing is locked.
 */
export async function lockData(roots: StudyRoots, breakLock: boolean): Promise<DataLock> {
  const folders: OutputFolder[] = [];
  const locks: FolderLock[] = [];
  const release = async () => {
    for (const lock of locks.splice(0)) await lock.release();
    for (const folder of folders.splice(0).reverse()) await folder.discard();
  };
  const known = new Set([await realPath(roots.artifact)]);
  try {
    for (const path of [dirname(roots.phaseC), dirname(roots.phaseD)]) {
      const folder = await createOutputFolder(path);
      folders.push(folder);
      const real = await realPath(folder.path);
      if (known.has(real)) continue;
      known.add(real);
      locks.push(await lockFolder(folder.path, breakLock));
    }
  } catch (error) {
    await release();
    throw error;
  }
  return {
    assertHeld: async () => {
      for (const lock of locks) await lock.assertHeld();
    },
    release,
  };
}

function realPath(path: string): Promise<string> {
  return realpath(path).catch((error: unknown) => {
    throw asOutputError(error, path);
  });
}
