// A folder that exists, takes files, and is this process's alone.

import { OutputError } from "../errors.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { createOutputFolder } from "./output-folder.ts";

export interface LockedFolder {
  readonly path: string;
  readonly lock: FolderLock;
  /** Gives the lock back and removes the folders that were created for it, as far as they are empty. */
  close(): Promise<void>;
}

/** Another process that made the same folder may remove it again, a few times. */
const ATTEMPTS = 5;

/** Makes the folder where it is missing and locks it. Throws as `createOutputFolder` and `lockFolder`; nothing is new then. */
export async function openLockedFolder(path: string, breakLock = false): Promise<LockedFolder> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOnce(path, breakLock);
    } catch (error) {
      const gone = error instanceof OutputError && error.code === "IO_OUTPUT_GONE";
      if (!gone || attempt === ATTEMPTS) throw error;
    }
  }
}

async function openOnce(path: string, breakLock: boolean): Promise<LockedFolder> {
  const folder = await createOutputFolder(path);
  try {
    const lock = await lockFolder(folder.path, breakLock);
    const close = async () => {
      await lock.release();
      await folder.discard();
    };
    return { path: folder.path, lock, close };
  } catch (error) {
    await folder.discard();
    throw error;
  }
}
