// The few file operations that writing results needs, behind an interface, so that tests can make any of them fail.

import { type FileHandle, link, lstat, mkdir, open, rename, rm, rmdir, stat } from "node:fs/promises";

/** An open file that is being written. */
export interface WritableFile {
  /** May write fewer bytes than asked for; gives the number written. */
  write(bytes: Uint8Array, offset: number): Promise<number>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What a name stands for. */
export type EntryKind = "file" | "folder" | "link" | "other" | "nothing";

/** Errors are Node's, with `code`. */
export interface FileSystem {
  /** What stands at `path` itself; links are not followed. */
  kindOf(path: string): Promise<EntryKind>;
  /** True when `path`, links followed, is a folder. */
  isFolder(path: string): Promise<boolean>;
  /** Creates one folder. */
  createFolder(path: string): Promise<void>;
  /** Removes an empty folder. */
  removeFolder(path: string): Promise<void>;
  /** Opens a new file; fails where one exists. */
  createFile(path: string): Promise<WritableFile>;
  removeFile(path: string): Promise<void>;
  /** Replaces a file `to`. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name; some file systems cannot (EPERM, ENOTSUP, ...). */
  link(from: string, to: string): Promise<void>;
  /** Makes renames in a folder durable. Platforms that cannot sync folders do nothing. */
  syncFolder(path: string): Promise<void>;
}

/** The real file system. */
export const nodeFileSystem: FileSystem = {
  async kindOf(path) {
    try {
      const facts = await lstat(path);
      if (facts.isFile()) return "file";
      if (facts.isDirectory()) return "folder";
      return facts.isSymbolicLink() ? "link" : "other";
    } catch (error) {
      if (errorCode(error) === "ENOENT") return "nothing";
      throw error;
    }
  },
  isFolder: async (path) => (await stat(path)).isDirectory(),
  createFolder: async (path) => {
    await mkdir(path);
  },
  removeFolder: (path) => rmdir(path),
  createFile: async (path) => writableFile(await open(path, "wx", 0o666)),
  removeFile: (path) => rm(path, { force: true }),
  rename: (from, to) => rename(from, to),
  link: (from, to) => link(from, to),
  async syncFolder(path) {
    let handle: FileHandle | null = null;
    try {
      handle = await open(path, "r");
      await handle.sync();
    } catch (error) {
      const cannot = ["EISDIR", "EPERM", "EINVAL", "ENOTSUP", "EACCES"];
      if (!cannot.includes(errorCode(error) ?? "")) throw error;
    } finally {
      await handle?.close();
    }
  },
};

function writableFile(handle: FileHandle): WritableFile {
  return {
    write: async (bytes, offset) => (await handle.write(bytes, offset, bytes.length - offset)).bytesWritten,
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

/** Node's code of a failed system call, e.g. ENOSPC; null for other errors. */
export function errorCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : null;
}
