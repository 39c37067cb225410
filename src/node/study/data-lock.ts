// The data of a study while inputs are made in it: its folders are this call's alone.

import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import type { StudyRoots } from "../../jobs/roots.ts";
import { type LockedFolder, openLockedFolder } from "../locked-folder.ts";

export interface DataLock {
  /** Throws BusyError LOCK_LOST (75) when somebody broke it. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Locks the folders that hold the Phase C and D roots, but for the artifact root, which the call holds already. Throws as
 * `openLockedFolder`; then nothing is locked.
 */
export async function lockData(roots: StudyRoots, breakLock: boolean): Promise<DataLock> {
  const locked: LockedFolder[] = [];
  const release = async () => {
    for (const folder of locked.splice(0).reverse()) await folder.close();
  };
  // one that is not there yet is nobody's
  const known = new Set([await realPath(roots.artifact)]);
  try {
    for (const path of [dirname(roots.phaseC), dirname(roots.phaseD)]) {
      if (known.has(await realPath(path))) continue;
      const folder = await openLockedFolder(path, breakLock);
      locked.push(folder);
      known.add(await realPath(folder.path));
    }
  } catch (error) {
    await release();
    throw error;
  }
  const assertHeld = async () => {
    for (const { lock } of locked) await lock.assertHeld();
  };
  return { assertHeld, release };
}

function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
