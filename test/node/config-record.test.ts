// `--config run.json`: the record of a run stands for its options.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeRun } from "../../src/node/artifacts.ts";
import { readReconstructRequest } from "../../src/node/reconstruct-request.ts";
import type { RunFacts } from "../../src/results/run-record.ts";
import { makeFinishedRun } from "../support/finished-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = makeFinishedRun({ seed: 7, noiseModel: "poisson", probe: { power: { enabled: true } } });
const path = join(folder, "run.json");
function request(facts: RunFacts, ...flags: string[]) {
  writeFileSync(path, describeRun(facts, [], 0, null).join(""));
  return readReconstructRequest(["a.npz", "--output", join(folder, "out"), "--config", path, ...flags]);
}

test("gives exactly the options of that run, which flags still win over", async () => {
  const { options, notes } = await request(run);
  expect(options).toEqual(run.result.options);
  expect(notes).toEqual([
    { level: "info", code: "CONFIG_RECORD", message: `${path}: the options of that run are taken` },
  ]);
  expect((await request(run, "--epochs", "3")).options).toEqual({ ...run.result.options, epochs: 3 });
});

test("says which files the run had besides", async () => {
  const { notes } = await request({ ...run, scheduleFile: "order.json", maskFile: "mask.npy" });
  expect(notes[0]!.message).toContain("pass --schedule (it was order.json) and --mask (it was mask.npy)");
});

test("an options file is what it was, and bad ones are still refused", async () => {
  writeFileSync(path, '{ "epochs": 4 }');
  const argv = ["a.npz", "--output", join(folder, "out"), "--config", path];
  expect(await readReconstructRequest(argv)).toMatchObject({ options: { epochs: 4 }, notes: [] });
  writeFileSync(path, '{ "format": "ptycho-webgpu run", "options": { "epochs": 0 } }');
  await expect(readReconstructRequest(argv)).rejects.toMatchObject({ exitCode: 78, details: { field: "epochs" } });
});
