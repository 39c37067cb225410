// `reconstruct --resume` never replaces a finished result of another run.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeRun } from "../../src/node/artifacts.ts";
import { makeFinishedRun } from "../support/finished-run.ts";
import { runHere } from "../support/run-here.ts";
import { scanFile } from "../support/scan-files.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-finished-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("other options: refused, 74, and everything stays", async () => {
  const out = join(folder, "out");
  mkdirSync(out);
  writeFileSync(join(folder, "scan.npz"), scanFile());
  const record = describeRun(makeFinishedRun({ epochs: 5 }), [], 0, null).join("");
  writeFileSync(join(out, "run.json"), record);
  const { code, err } = await runHere("reconstruct", join(folder, "scan.npz"), "-o", out, "--epochs", "7", "--resume");
  expect(code).toBe(74);
  expect(err).toMatch(/the finished result here is of other data.*--overwrite.*\[OUTPUT_EXISTS\]/);
  expect(readFileSync(join(out, "run.json"), "utf8")).toBe(record);
});
