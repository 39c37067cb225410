// Two `ptycho reconstruct` on one output folder: one wins, the other says who holds it (rows E13, E14). And what a killed
// one left there. No adapter has the name that is asked for: whoever may run ends with 69.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { textScalar } from "../../src/data/npy-encode.ts";
import { writeNpz } from "../../src/data/write-npz.ts";
import { isResultFile } from "../../src/node/commands/reconstruct.ts";
import { LOCK_NAME, lockFolder } from "../../src/node/folder-lock.ts";
import { removeLeftovers } from "../../src/node/leftovers.ts";
import { snapshotFolder } from "../support/faulty-file-system.ts";
import { runHere } from "../support/run-here.ts";
import { scanFile } from "../support/scan-files.ts";

const root = mkdtempSync(join(tmpdir(), "ptycho-lock-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const scan = join(root, "scan.npz");
writeFileSync(scan, scanFile());
let output: string;
let count = 0;
beforeEach(() => {
  output = join(root, `out ${count++}`);
});
const reconstruct = (...argv: string[]) =>
  runHere("reconstruct", scan, "--output", output, "--adapter", "no adapter of this name", ...argv);
const put = (name: string, content: string | Uint8Array = "left") => {
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, name), content);
};
const checkpoint = (version: number) =>
  writeNpz([["header", textScalar(JSON.stringify({ version, key: "ours", epochsCompleted: 3, unsolvedSteps: 0 }))]]);

describe("a folder that a living process holds", () => {
  it.each([[], ["--overwrite"], ["--resume"]])(
    "E13 %j: 75, pid, host and age; nothing is touched",
    async (...flags) => {
      put("checkpoint-000003.npz", checkpoint(1));
      const held = await lockFolder(output);
      const before = snapshotFolder(output);
      const { code, err } = await reconstruct(...flags.flat());
      expect(code, err).toBe(75);
      expect(err).toContain(`${output}: another run is writing here`);
      expect(err).toMatch(
        new RegExp(`process ${process.pid} on ${hostname()}, for \\d+ s.*--break-lock.*\\[LOCK_HELD\\]\\n$`),
      );
      expect(snapshotFolder(output)).toEqual(before);
      await held.release();
    },
  );

  it("E13 --break-lock takes it", async () => {
    mkdirSync(output);
    await lockFolder(output);
    const { code, err } = await reconstruct("--break-lock");
    expect(code, err).toBe(69);
    expect(err).toContain("was broken [LOCK_TAKEN]");
    expect(readdirSync(output)).toEqual([]);
  });

  it("E14 one of a process that is gone is taken over with a note", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => child.on("close", resolve));
    const holder = {
      pid: child.pid,
      host: hostname(),
      processStart: null,
      since: new Date().toISOString(),
      nonce: "x",
    };
    put(LOCK_NAME, JSON.stringify(holder));
    const { code, err } = await reconstruct();
    expect(code, err).toBe(69);
    expect(err).toContain(`the lock of process ${child.pid} on ${hostname()}, which is gone, was taken over`);
    expect(readdirSync(output)).toEqual([]);
  });
});

describe("a new folder", () => {
  it("E13 of several starters one wins, the others are told so", async () => {
    for (let round = 0; round < 5; round++) {
      const codes = (await Promise.all([1, 2, 3, 4].map(() => reconstruct()))).map(({ code }) => code);
      expect(codes).toContain(69);
      expect(codes).toContain(75);
      for (const code of codes) expect([69, 75]).toContain(code);
      rmSync(output, { recursive: true, force: true });
    }
  });
  it("is gone when nothing came of it", async () => {
    expect((await reconstruct()).code).toBe(69);
    expect(existsSync(output)).toBe(false);
  });
});

it("the sweep of leftovers takes temporary files of the result's names alone", async () => {
  const ours = [".run.json.previous-0a", ".reconstruction.npz.partial-12ef", ".ptycho-check-77"];
  const others = [".notes.txt.partial-0a", "run.json.partial-0a", ".hidden"];
  for (const name of [...ours, ...others]) put(name);
  await removeLeftovers(output, isResultFile);
  expect(readdirSync(output).sort()).toEqual([...others].sort());
});

it("E18 a checkpoint of another format version: --resume is refused with both, 65; it stays", async () => {
  put("checkpoint-000003.npz", checkpoint(0));
  const before = snapshotFolder(output);
  const { code, err } = await reconstruct("--resume");
  expect(code, err).toBe(65);
  expect(err).toMatch(/got format version 0|format version 0/);
  expect(err).toMatch(/format version 1.*--overwrite.*\[CHECKPOINT_VERSION\]\n$/);
  expect(snapshotFolder(output)).toEqual(before);
});
