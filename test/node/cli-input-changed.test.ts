// Row A24 of the fault matrix on the command line: the file changes between two reads of one run.
import { mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import type * as files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { main } from "../../src/node/cli.ts";
import { scanFile } from "../support/scan-files.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-changed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "scan.npz");
const watched = vi.hoisted(() => ({ path: "", readNumber: 0, change: () => {} }));

vi.mock("node:fs/promises", async (importOriginal) => {
  const real = await importOriginal<typeof files>();
  const open: typeof files.open = async (name, ...rest) => {
    const handle = await real.open(name, ...rest);
    if (name !== watched.path) return handle;
    const read = handle.read.bind(handle) as (...parameters: unknown[]) => unknown;
    let reads = 0;
    handle.read = ((...parameters: unknown[]) => {
      if (reads++ === watched.readNumber) watched.change();
      return read(...parameters);
    }) as typeof handle.read;
    return handle;
  };
  return { ...real, open };
});

it.each([
  ["shortened", () => truncateSync(path, 20_000)],
  ["overwritten", () => writeFileSync(path, new Uint8Array(20_000), { flag: "r+" })],
  ["removed", () => rmSync(path)],
])("A24 the file is %s during a run: INPUT_CHANGED, exit 65, nothing left", async (_, change) => {
  for (const command of ["reconstruct", "inspect"]) {
    for (const readNumber of [4, 9, 20]) {
      writeFileSync(path, scanFile());
      utimesSync(path, 1e9, 1e9);
      Object.assign(watched, { path, readNumber, change });
      let told = "";
      const io = { stdout: (text: string) => void (told += text), stderr: (text: string) => void (told += text) };
      const output =
        command === "reconstruct" ? ["--output", join(folder, "out"), "--adapter", "none of this name"] : [];
      expect(await main([command, path, ...output], { ...io, interactive: false }), told).toBe(65);
      expect(told).toContain("[INPUT_CHANGED]");
      expect(readdirSync(folder).filter((name) => name !== "scan.npz")).toEqual([]);
    }
  }
});
