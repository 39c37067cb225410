// What may be written where, and the failures of writing in words that people can act on.

import { OutputError } from "../errors.ts";
import { errorCode, type FileSystem, nodeFileSystem } from "./file-system.ts";

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
