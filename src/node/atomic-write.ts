// Files that are either there and whole or not there: temporary name beside the target, sync, rename, folder sync
// (spec: reliability.md section 2.3).

import { createHash, randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { OutputError } from "../errors.ts";
import { commitStaged, removeLeftover } from "./commit-files.ts";
import { type FileSystem, nodeFileSystem } from "./file-system.ts";
import { asOutputError, assertReplaceable } from "./output-checks.ts";

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
    return { path: file.path, temporaryPath, ...(await writeSynced(temporaryPath, file, fileSystem)) };
  } catch (error) {
    await removeLeftover(temporaryPath, fileSystem);
    throw asOutputError(error, file.path);
  }
}

async function writeSynced(
  temporaryPath: string,
  { path, produce }: OutputFile,
  fileSystem: FileSystem,
): Promise<{ sizeBytes: number; sha256: string }> {
  const file = await fileSystem.createFile(temporaryPath);
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
