// Temporary files that a killed process left behind.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { nodeFileSystem } from "../file-system.ts";
import { asOutputError } from "../output-checks.ts";

/** Names that atomic-write.ts, commit-files.ts and output-folder.ts give. */
const TEMPORARY = /^\.(.+\.(partial|previous)|ptycho-check)-[0-9a-f]+$/;

/**
 * Removes temporary files of a worker or an orchestrator that was killed. The lock is ours, so no living worker owns them.
 * Throws OutputError when the folder cannot be read.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw asOutputError(error, folder);
  });
  for (const name of names.filter((each) => TEMPORARY.test(each))) {
    await nodeFileSystem.removeFile(join(folder, name)).catch(() => {});
  }
}
