// Temporary files that a killed process left behind.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { nodeFileSystem } from "./file-system.ts";
import { asOutputError } from "./output-checks.ts";

/** Names that atomic-write.ts, commit-files.ts and output-folder.ts give, and whose they are. */
const TEMPORARY = /^\.(?:(.+)\.(?:partial|previous)|ptycho-check)-[0-9a-f]+$/;

/**
 * Removes temporary files of a process of ours that was killed, of those that `isOurs` knows by their final names. The lock
 * is ours, so no living process owns them. Throws OutputError when the folder cannot be read.
 */
export async function removeLeftovers(folder: string, isOurs: (name: string) => boolean = () => true): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw asOutputError(error, folder);
  });
  for (const name of names) {
    const found = TEMPORARY.exec(name);
    if (!found || (found[1] !== undefined && !isOurs(found[1]))) continue;
    await nodeFileSystem.removeFile(join(folder, name)).catch(() => {});
  }
}
