// The one call that saves a program's result: the same files as the command's, and nothing claimed that is not known.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openNpz } from "../../src/data/npz.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { saveResult } from "../../src/node/index.ts";
import { readReceipt } from "../../src/node/run-receipt.ts";
import { makeFinishedRun } from "../support/finished-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-save-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("writes the three files once, and again only when told to", async () => {
  const { result, dataset, adapter } = makeFinishedRun();
  const run = { result, dataset, opened: { facts: adapter } };
  const out = join(folder, "deep", "out");
  const paths = await saveResult(out, run);
  expect(paths.toSorted()).toEqual(
    readdirSync(out)
      .map((name) => join(out, name))
      .toSorted(),
  );
  const npz = await openNpz(bytesAccess(new Uint8Array(readFileSync(join(out, "reconstruction.npz"))), "result"));
  expect((await npz.readNumeric("reconstructed_object")).shape).toEqual(result.object.shape.slice(1));
  const record = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
  expect(record).toMatchObject({ key: null, seconds: { read: null, open: null }, schedule: { source: "seed" } });
  expect(record).toMatchObject({ profile: "serial", profileSource: "adapter", options: { profile: null } });
  // without a key nobody can tell whose result it is: --resume must not take it for its own
  expect(await readReceipt(join(out, "run.json"))).toBeNull();
  await expect(saveResult(out, run)).rejects.toMatchObject({ code: "OUTPUT_EXISTS", exitCode: 74 });
  expect(await saveResult(out, run, { overwrite: true })).toEqual(paths);
});
