import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LsqmlResult } from "../../bench/compare-lsqml.ts";
import {
  findResults,
  isMeasured,
  nameResults,
  type ResultsFile,
  type RowRecord,
  readResults,
  writeResults,
} from "../../bench/compare-results.ts";
import { planEpochs, quickRow } from "../../bench/compare-rows.ts";
import { formatResults } from "../../bench/compare-table.ts";
import { spread } from "../../bench/statistics.ts";

const side = {
  batchSize: 96,
  secondsPerEpoch: spread([0.2, 0.1, 0.3]),
  patternsPerSecond: spread([1920, 3840, 1280]),
  computeSecondsPerEpoch: null,
  warmUpSeconds: [0.5, 0.25],
  prepareSeconds: 1,
  peakHostBytes: 2 ** 30,
  deviceBytes: null,
  doublePrecisionFft: null,
};
const values = [{ name: "object", value: 2e-7, limit: 1e-4 }];
const result: LsqmlResult = {
  passed: true,
  gates: [{ batchSize: 96, movement: 0.05, early: { default: values }, final: { default: values } }],
  epochs: planEpochs(3, 1, true),
  sides: { ours: side, "pty-chi default": { ...side, patternsPerSecond: spread([960]) } },
  ratios: { default: { epoch: spread([2, 2.5, 3]), compute: null } },
  firstResults: null,
  batchTrials: null,
};
const code = { commit: "abc", dirty: false };
const record: RowRecord = {
  row: quickRow,
  ...code,
  measuredAt: "2026-01-02T03:04:05Z",
  repeats: 3,
  seconds: 60,
  busyShare: [0.01, null],
  result,
};
const adapter = { device: "NVIDIA H100 80GB HBM3", description: "", architecture: "hopper" };
const file = (rows: Record<string, RowRecord>): ResultsFile => ({
  version: 1,
  surroundings: {
    adapter: adapter as ResultsFile["surroundings"]["adapter"],
    adapterLine: "hardware adapter",
    machine: {
      processor: "a processor",
      cores: 2,
      memoryBytes: 2 ** 34,
      system: "linux",
      versions: { node: "20", webgpu: null },
    },
    referenceGpu: null,
    doublePrecisionFftByDefault: false,
  },
  rows,
});

test("a row counts as measured only for the same work, commit and turns, with a clean tree", () => {
  expect(isMeasured(record, quickRow, 3, code)).toBe(true);
  expect(isMeasured(undefined, quickRow, 3, code)).toBe(false);
  expect(isMeasured(record, { ...quickRow, patterns: 10 }, 3, code)).toBe(false);
  expect(isMeasured(record, quickRow, 7, code)).toBe(false);
  expect(isMeasured(record, quickRow, 3, { ...code, commit: "def" })).toBe(false);
  expect(isMeasured(record, quickRow, 3, { ...code, dirty: true })).toBe(false);
  expect(isMeasured({ ...record, dirty: true }, quickRow, 3, code)).toBe(false);
  // a copy without its history, as on a machine that is lent
  expect(isMeasured({ ...record, commit: null, dirty: null }, quickRow, 3, { commit: null, dirty: null })).toBe(true);
});

test("files are named by device and day; the newest of the device is found", async () => {
  expect(nameResults(adapter, "2026-01-02")).toBe("compare-nvidia-h100-80gb-hbm3-2026-01-02");
  const folder = await mkdtemp(join(tmpdir(), "ptycho-test-"));
  try {
    const name = nameResults(adapter, "2026-03-01");
    expect(await findResults(folder, name)).toBeNull();
    expect(await findResults(join(folder, "absent"), name)).toBeNull();
    for (const day of ["2026-01-02", "2026-02-01"])
      await writeResults(join(folder, `${nameResults(adapter, day)}.json`), file({ quick: record }));
    await writeFile(join(folder, "compare-nvidia-h100-80gb-hbm3-pcie-2026-02-27.json"), "");
    const found = await findResults(folder, name);
    expect(found).toBe(join(folder, "compare-nvidia-h100-80gb-hbm3-2026-02-01.json"));
    expect((await readResults(found!)).rows.quick).toEqual(record);
    expect(await readFile(found!.replace("json", "md"), "utf8")).toBe(formatResults(file({ quick: record })));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the table has rates, ratios, commit and what the results differ by", () => {
  const text = formatResults(file({ quick: record }));
  expect(text).toContain("commit: abc; measured 2026-01-02");
  expect(text).toMatch(/\| quick +\| 384 +\| 96 +\| 1920 +\| 960 +\| 2.50 \(2.00 - 3.00\)/);
  expect(text).toContain("object 2.0e-7");
  expect(text).not.toContain("busy");
  expect(text).not.toContain("undefined");
});

test("no ratio without agreement, and a warning for a busy machine", () => {
  const differing = { ...result, passed: false, ratios: null };
  const text = formatResults(file({ quick: { ...record, busyShare: [0.4, 0.2], result: differing } }));
  expect(text).toContain("no ratio: the results differ");
  expect(text).not.toContain("2.50");
  expect(text).toContain("up to 40 % busy");
});
