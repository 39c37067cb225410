// pty-chi 2.2.0's trajectories, step by step and checkpoint by checkpoint (fixtures/golden/README.md).
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readGoldenCase } from "../../bench/golden-case.ts";
import { isWithin, type Tolerances } from "../../bench/golden-compare.ts";
import { runCase } from "../../bench/golden-run.ts";
import { testDevice } from "../support/gpu.ts";

const folder = join(import.meta.dirname, "../../fixtures/golden");
const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as {
  cases: Record<string, { tolerance: Tolerances }>;
};
const files = (await readdir(folder)).filter((name) => name.endsWith(".npz"));

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

test("all thirteen cases are there", () => {
  expect(files.length).toBe(13);
});

for (const file of files) {
  test(`${file} has pty-chi's numbers`, async () => {
    const golden = await readGoldenCase(join(folder, file));
    if ("notYet" in golden) throw new Error(`not yet: ${golden.notYet.join(", ")}`);
    const rows = await runCase(device, golden, manifest.cases[file.replace(".npz", "")]!.tolerance);
    const report = rows.map((row) => JSON.stringify(row)).join("\n");
    expect(rows.length).toBeGreaterThan(2);
    expect(isWithin(rows, "required"), report).toBe(true);
    expect(isWithin(rows, "aim"), report).toBe(true);
  });
}
