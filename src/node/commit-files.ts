// Puts staged files in place together: all of them are new afterwards, or everything is as it was
// (spec: reliability.md section 2.3, rows E9 and E10).

import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { OutputError } from "../errors.ts";
import type { CommitOptions, StagedFile } from "./atomic-write.ts";
import { errorCode, type FileSystem, nodeFileSystem } from "./file-system.ts";
import { asOutputError, assertReplaceable } from "./output-checks.ts";

/** Windows refuses to rename a file that someone has open; mostly it is closed soon. */
const RENAME_DELAYS_MS = [20, 50, 100, 200, 400];

/**
 * Renames staged files in order and syncs their folders; files at `obsolete` paths are gone afterwards. The last staged
 * file vouches for the others: it is taken away first and put in place last, so that a crash never leaves an old one
 * beside new files. Throws OutputError; then earlier files are back, and no staged or temporary file is left, unless the
 * file system refuses that too.
 */
export async function commitStaged(
  staged: readonly StagedFile[],
  options: CommitOptions,
  obsolete: readonly string[] = [],
): Promise<void> {
  const fileSystem = options.fileSystem ?? nodeFileSystem;
  const nonce = randomBytes(6).toString("hex");
  /** Where earlier files are kept, by their names. */
  const kept = new Map<string, string>();
  const placed = new Set<string>();
  const undo: (() => Promise<void>)[] = [];
  let path = staged[0]!.path;
  const keep = async (whose: string, aside: boolean) => {
    path = whose;
    await assertReplaceable(whose, options.overwrite, fileSystem);
    if ((await fileSystem.kindOf(whose)) === "nothing") return;
    const keptPath = join(dirname(whose), `.${basename(whose)}.previous-${nonce}`);
    const moved = await keepFile(whose, keptPath, aside, fileSystem);
    kept.set(whose, keptPath);
    undo.push(async () => {
      if (moved || placed.has(whose)) await fileSystem.rename(keptPath, whose);
      else await fileSystem.removeFile(keptPath);
    });
  };
  try {
    const voucher = staged.length > 1 ? [staged.at(-1)!.path] : [];
    for (const each of [...voucher, ...obsolete]) await keep(each, true);
    for (const each of staged) if (!kept.has(each.path)) await keep(each.path, false);
    for (const each of staged) {
      path = each.path;
      await renamePatiently(each.temporaryPath, path, fileSystem);
      placed.add(path);
      if (!kept.has(path)) undo.push(() => fileSystem.removeFile(each.path));
    }
    for (const folder of new Set(staged.map((each) => dirname(each.path)))) await fileSystem.syncFolder(folder);
  } catch (error) {
    for (const step of undo.reverse())
      await step()
        .catch(step)
        .catch(() => {});
    await discardStaged(staged, fileSystem);
    throw asOutputError(error, path);
  }
  for (const keptPath of kept.values()) await removeLeftover(keptPath, fileSystem);
}

/** Removes temporary files that will not be renamed. */
export async function discardStaged(
  staged: readonly StagedFile[],
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  for (const { temporaryPath } of staged) await removeLeftover(temporaryPath, fileSystem);
}

/** Removes a file of ours that nobody needs; tries twice, because a passing fault must not leave it behind. */
export async function removeLeftover(path: string, fileSystem: FileSystem): Promise<void> {
  const remove = () => fileSystem.removeFile(path);
  await remove()
    .catch(remove)
    .catch(() => {});
}

/**
 * Keeps what `path` names under a second name: beside the first, or instead of it (`aside`, and where a file cannot have
 * two). True when it is gone from `path`.
 */
async function keepFile(path: string, keptPath: string, aside: boolean, fileSystem: FileSystem): Promise<boolean> {
  if (!aside) {
    try {
      await fileSystem.link(path, keptPath);
      return false;
    } catch (error) {
      const unknown = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EMLINK"];
      if (!unknown.includes(errorCode(error) ?? "")) throw error;
    }
  }
  await renamePatiently(path, keptPath, fileSystem);
  return true;
}

async function renamePatiently(from: string, to: string, fileSystem: FileSystem): Promise<void> {
  for (const delayMs of [...RENAME_DELAYS_MS, null]) {
    try {
      await fileSystem.rename(from, to);
      return;
    } catch (error) {
      const busy = ["EBUSY", "EPERM", "EACCES"].includes(errorCode(error) ?? "");
      if (!busy) throw error;
      if (delayMs === null) {
        throw new OutputError(
          "IO_RENAME",
          "the finished file could not be put in place",
          { source: to, got: errorCode(error)!, remedy: "Close programs that have it open, then run again" },
          error,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}
