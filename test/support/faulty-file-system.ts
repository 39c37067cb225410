// The real file system with faults at chosen calls, and folders seen as bytes.

import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type FileSystem, nodeFileSystem, type WritableFile } from "../../src/node/file-system.ts";

/** What happens at a call: an error code such as ENOSPC, "short" for a write of half the bytes, "none" for one of none. */
export type Fault = string;

export interface FaultyFileSystem extends FileSystem {
  /** Names of the calls so far, the failed ones too. */
  readonly calls: readonly string[];
}

/** Calls are counted from 0, those on open files too; `failing` says which get the fault. */
export function makeFaultyFileSystem(fault: Fault, failing: (call: number) => boolean): FaultyFileSystem {
  const calls: string[] = [];
  const counted = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    const fails = failing(calls.length);
    calls.push(name);
    if (fails && fault !== "short" && fault !== "none")
      throw Object.assign(new Error(`${fault}: injected, ${name}`), { code: fault });
    return await call();
  };
  const wrapFile = (file: WritableFile): WritableFile => ({
    write: (bytes, offset) => {
      const share = !failing(calls.length) ? 1 : fault === "short" ? 0.5 : fault === "none" ? 0 : 1;
      const part = bytes.subarray(0, offset + Math.ceil(share * (bytes.length - offset)));
      return counted("write", () => file.write(part, offset));
    },
    sync: () => counted("sync", () => file.sync()),
    // the handle is released either way, as the system does
    close: async () => {
      await file.close();
      await counted("close", async () => {});
    },
  });
  const wrapped = Object.fromEntries(
    Object.entries(nodeFileSystem).map(([name, method]) => [
      name,
      (...parameters: [string, string]) =>
        counted(name, () => (method as (...paths: string[]) => Promise<unknown>)(...parameters)),
    ]),
  ) as unknown as FileSystem;
  return {
    ...wrapped,
    createFile: async (path) => wrapFile(await wrapped.createFile(path)),
    calls,
  };
}

/** Every entry of a folder and below: the text of JSON files, digests of others; null when there is no folder. */
export function snapshotFolder(folder: string): Record<string, string> | null {
  const facts = lstatSync(folder, { throwIfNoEntry: false });
  if (!facts) return null;
  return Object.fromEntries(
    (readdirSync(folder, { recursive: true }) as string[]).sort().map((name) => {
      const path = join(folder, name);
      if (lstatSync(path).isDirectory()) return [name, "folder"];
      const bytes = readFileSync(path);
      const text = name.endsWith(".json") ? bytes.toString() : createHash("sha256").update(bytes).digest("hex");
      return [name, text];
    }),
  );
}
