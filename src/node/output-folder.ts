// The folder of a result: refused before any work when it cannot take the result, created late, removed again when
// nothing was written into it.

import { randomBytes } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { OutputError } from "../errors.ts";
import { removeLeftover } from "./commit-files.ts";
import { errorCode, type FileSystem, nodeFileSystem } from "./file-system.ts";
import { asOutputError, assertReplaceable, linkError } from "./output-checks.ts";

/** A folder that exists and takes files. */
export interface OutputFolder {
  readonly path: string;
  /** Removes the folders that were created for it, as far as they are empty. Never rejects. */
  discard(): Promise<void>;
}

/**
 * Checks without writing anything that `names` could be written into `folder`: it is a real folder or can become one,
 * and holds none of them unless `overwrite`. Throws OutputError: OUTPUT_EXISTS, OUTPUT_KIND, IO_SYMLINK, IO_DENIED.
 */
export async function checkOutputFolder(
  folder: string,
  names: readonly string[],
  overwrite: boolean,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  const path = resolve(folder);
  try {
    const kind = await fileSystem.kindOf(path);
    if (kind === "link") throw linkError(path);
    if (kind === "folder") {
      for (const name of names) await assertReplaceable(join(path, name), overwrite, fileSystem);
      return;
    }
    if (kind !== "nothing") throw notFolder(path);
    const parent = await findExistingParent(path, fileSystem);
    if (!(await fileSystem.isFolder(parent))) throw notFolder(parent);
  } catch (error) {
    throw asOutputError(error, path);
  }
}

/**
 * Creates `folder` with its parents where they are missing and writes a first file into it, removed at once. Throws
 * OutputError and then leaves no new folder.
 */
export async function createOutputFolder(
  folder: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<OutputFolder> {
  const path = resolve(folder);
  const created: string[] = [];
  const discard = async () => {
    for (const made of created.splice(0).reverse()) await fileSystem.removeFolder(made).catch(() => {});
  };
  try {
    const missing: string[] = [];
    for (let at = path; (await fileSystem.kindOf(at)) === "nothing"; at = dirname(at)) missing.unshift(at);
    for (const at of missing) {
      if (await makeFolder(at, fileSystem)) created.push(at);
    }
    await tryWriting(join(path, `.ptycho-check-${randomBytes(6).toString("hex")}`), fileSystem);
  } catch (error) {
    await discard();
    throw asOutputError(error, path);
  }
  return { path, discard };
}

/** False when another process made it a moment ago. */
async function makeFolder(path: string, fileSystem: FileSystem): Promise<boolean> {
  try {
    await fileSystem.createFolder(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST" && (await fileSystem.kindOf(path)) === "folder") return false;
    throw neverThere(error, path);
  }
}

/** A parent that exists and still has no room for folders, as in /proc: nothing of ours is gone. */
function neverThere(error: unknown, path: string): unknown {
  if (errorCode(error) !== "ENOENT") return error;
  const remedy = "Choose another place with --output";
  return new OutputError(
    "OUTPUT_FOLDER",
    "the folder cannot be made here",
    { source: path, got: "ENOENT", remedy },
    error,
  );
}

async function tryWriting(path: string, fileSystem: FileSystem): Promise<void> {
  const file = await fileSystem.createFile(path);
  try {
    await file.close();
  } finally {
    await removeLeftover(path, fileSystem);
  }
}

async function findExistingParent(path: string, fileSystem: FileSystem): Promise<string> {
  let parent = dirname(path);
  while ((await fileSystem.kindOf(parent)) === "nothing") parent = dirname(parent);
  return parent;
}

function notFolder(path: string): OutputError {
  return new OutputError("OUTPUT_KIND", "the output is a folder, and this is something else", {
    source: path,
    remedy: "Choose another folder with --output",
  });
}
