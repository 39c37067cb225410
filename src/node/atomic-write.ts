// Files that are either there and whole or not there: temporary name beside the target, sync, rename, folder sync
// (spec: reliability.md section 2.3).

import { createHash, randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { OutputError } from "../errors.ts";
import { errorCode, type FileSystem, nodeFileSystem } from "./file-system.ts";

/** Takes the bytes of a file in order; they are written when it resolves. */
export type FileSink = (bytes: Uint8Array) => Promise<void>;

/** A file to be written: `produce` hands its bytes to the sink. */
export interface OutputFile {
  readonly path: string;
  readonly produce: (sink: FileSink) => Promise<void>;
}

/** What was written. */
export interface WrittenFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface CommitOptions {
  /** Replace files that exist. */
  readonly overwrite: boolean;
  readonly fileSystem?: FileSystem;
}

/** A file under its temporary name, synced. */
export interface StagedFile extends WrittenFile {
  readonly temporaryPath: string;
}

/** Windows refuses to rename over a file that someone has open; mostly it is closed soon. */
const RENAME_DELAYS_MS = [20, 50, 100, 200, 400];

/**
 * Writes one file atomically. Throws OutputError (exit 74); then neither a part of it nor a temporary file remains and
 * an existing file is as it was.
 */
export async function writeFileAtomic(file: OutputFile, options: CommitOptions): Promise<WrittenFile> {
  const staged = await stageFile(file, options);
  await commitStaged([staged], options);
  return { path: staged.path, sizeBytes: staged.sizeBytes, sha256: staged.sha256 };
}

/** The content of a file from pieces of text or bytes. */
export function fromPieces(pieces: Iterable<Uint8Array | string>): OutputFile["produce"] {
  return async (sink) => {
    for (const piece of pieces) await sink(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  };
}

/** Writes a file under a temporary name in its folder and syncs it. Throws OutputError and leaves nothing behind. */
export async function stageFile(file: OutputFile, options: CommitOptions): Promise<StagedFile> {
  const fileSystem = options.fileSystem ?? nodeFileSystem;
  const nonce = randomBytes(6).toString("hex");
  const temporaryPath = join(dirname(file.path), `.${basename(file.path)}.partial-${nonce}`);
  try {
    await assertReplaceable(file.path, options.overwrite, fileSystem);
    return { path: file.path, temporaryPath, ...(await writeSynced(temporaryPath, file.produce, fileSystem)) };
  } catch (error) {
    await fileSystem.removeFile(temporaryPath).catch(() => {});
    throw asOutputError(error, file.path);
  }
}

/**
 * Renames staged files in order and syncs their folders. On a failure the temporary files that are left are removed;
 * those already renamed stay, so put the file that vouches for the others last. Throws OutputError.
 */
export async function commitStaged(staged: readonly StagedFile[], options: CommitOptions): Promise<void> {
  const fileSystem = options.fileSystem ?? nodeFileSystem;
  let renamed = 0;
  try {
    for (const { path } of staged) await assertReplaceable(path, options.overwrite, fileSystem);
    for (const { path, temporaryPath } of staged) {
      await renamePatiently(temporaryPath, path, fileSystem);
      renamed += 1;
    }
    for (const folder of new Set(staged.map(({ path }) => dirname(path)))) await fileSystem.syncFolder(folder);
  } catch (error) {
    await discardStaged(staged.slice(renamed), fileSystem);
    throw asOutputError(error, staged[Math.min(renamed, staged.length - 1)]!.path);
  }
}

/** Removes temporary files that will not be renamed. */
export async function discardStaged(
  staged: readonly StagedFile[],
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  for (const { temporaryPath } of staged) await fileSystem.removeFile(temporaryPath).catch(() => {});
}

/** Throws OutputError when something stands at `path` that must not or cannot be replaced. */
export async function assertReplaceable(
  path: string,
  overwrite: boolean,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  const kind = await fileSystem.kindOf(path).catch((error) => {
    throw asOutputError(error, path);
  });
  if (kind === "nothing" || (kind === "file" && overwrite)) return;
  if (kind === "file") {
    throw new OutputError("OUTPUT_EXISTS", "the result exists already", {
      source: path,
      remedy: "Add --overwrite to replace it, or choose another place",
    });
  }
  if (kind === "link") throw linkError(path);
  throw new OutputError("OUTPUT_KIND", "something else than a file is in the way", {
    source: path,
    expected: "a file or nothing",
    got: kind === "folder" ? "a folder" : "a special file",
    remedy: "Choose another place",
  });
}

/** The refusal of a symbolic link as output. */
export function linkError(path: string): OutputError {
  return new OutputError("IO_SYMLINK", "the output is a symbolic link; it is not followed", {
    source: path,
    remedy: "Give the place that it points to",
  });
}

async function writeSynced(
  path: string,
  produce: OutputFile["produce"],
  fileSystem: FileSystem,
): Promise<{ sizeBytes: number; sha256: string }> {
  const file = await fileSystem.createFile(path);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    await produce(async (bytes) => {
      // A nearly full disk writes less than asked for without an error; the next call tells.
      for (let offset = 0; offset < bytes.length; ) {
        const written = await file.write(bytes, offset);
        if (written === 0) throw new OutputError("IO_WRITE", "the disk takes no more bytes", { source: path });
        offset += written;
      }
      hash.update(bytes);
      sizeBytes += bytes.length;
    });
    await file.sync();
  } finally {
    await file.close();
  }
  return { sizeBytes, sha256: hash.digest("hex") };
}

async function renamePatiently(from: string, to: string, fileSystem: FileSystem): Promise<void> {
  for (const delayMs of [...RENAME_DELAYS_MS, null]) {
    try {
      await fileSystem.rename(from, to);
      return;
    } catch (error) {
      const busy = ["EBUSY", "EPERM", "EACCES"].includes(errorCode(error) ?? "");
      if (busy && delayMs !== null) {
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        continue;
      }
      if (!busy) throw error;
      throw new OutputError(
        "IO_RENAME",
        "the finished file could not be put in place",
        { source: to, got: errorCode(error)!, remedy: "Close programs that have it open, then run again" },
        error,
      );
    }
  }
}

const failures: Readonly<Record<string, readonly [code: string, message: string, remedy: string]>> = {
  ENOSPC: ["IO_NO_SPACE", "the disk is full", "Free some space or choose another disk with --output"],
  EDQUOT: ["IO_NO_SPACE", "the disk quota is used up", "Free some space or choose another disk with --output"],
  EACCES: ["IO_DENIED", "writing is not permitted", "Choose a folder that you may write to with --output"],
  EPERM: ["IO_DENIED", "writing is not permitted", "Choose a folder that you may write to with --output"],
  EROFS: ["IO_READ_ONLY", "the file system is read-only", "Choose another place with --output"],
  ENOTDIR: ["OUTPUT_KIND", "a part of the path is not a folder", "Choose another place with --output"],
  ENOENT: ["IO_OUTPUT_GONE", "the output folder is gone", "Run again, and keep the folder while it runs"],
};

/** Any failure while writing `path` as an OutputError; those that are one already stay. */
export function asOutputError(error: unknown, path: string): unknown {
  const code = errorCode(error);
  if (error instanceof OutputError || code === null || !/^E[A-Z0-9]+$/.test(code)) return error;
  const [name, message, remedy] = failures[code] ?? ["IO_WRITE", "the file could not be written", undefined];
  return new OutputError(name!, message!, { source: path, got: code, ...(remedy ? { remedy } : {}) }, error);
}
