// Host memory of the built program (npm run build) on a software adapter: it does not grow with a stored scan that the
// device may not hold, from opening to the last minibatch.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runMeasured } from "../../bench/peak-memory.ts";
import { countPatterns, type StoredScan, writeStoredScan } from "../../bench/stored-scan.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-memory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = join(import.meta.dirname, "../../bin/ptycho.js");
const { NODE_OPTIONS: _, ...environment } = process.env;

const smallBytes = 20e6;
const largeBytes = 300e6;

/** Peak of a run with four minibatches from all over the scan, bytes that lived on the device, bytes of the file. */
async function measure(sizeBytes: number): Promise<{ peak: number; device: number; file: number }> {
  const scan: StoredScan = { sizeBytes, size: 128, sampleType: "float32" };
  const path = join(folder, `${sizeBytes}.npz`);
  const output = join(folder, `out-${sizeBytes}`);
  await writeStoredScan(path, scan);
  const n = countPatterns(scan);
  const epoch = [0, 1, 2, 3].map((m) => Array.from({ length: 8 }, (_, k) => Math.floor(((4 * k + m) * n) / 32)));
  const schedule = join(folder, `${sizeBytes}.json`);
  writeFileSync(schedule, JSON.stringify({ version: 1, n, mode: "random", epochs: [epoch] }));
  const flags = ["--epochs", "1", "--schedule", schedule, "--device", "software", "--device-memory", "8MB", "--quiet"];
  const run = await runMeasured([program, "reconstruct", path, "--output", output, ...flags], environment);
  expect(run.code, run.output).toBe(0);
  const { memory, patterns } = JSON.parse(readFileSync(join(output, "run.json"), "utf8"));
  expect(patterns).toEqual({ present: n, used: 32 });
  expect(memory.patterns).toBe("streamed");
  const file = statSync(path).size;
  rmSync(path);
  return { peak: run.peakBytes, device: memory.patternBytes + memory.workingBytes, file };
}

test("fifteen times the patterns in the file, the same memory", async () => {
  const small = await measure(smallBytes);
  const large = await measure(largeBytes);
  expect(large.file - small.file).toBeGreaterThan(270e6);
  const figures = JSON.stringify({ small, large });
  // what the program takes at all: a measurement that sees nothing would prove nothing
  expect(small.peak, figures).toBeGreaterThan(60e6);
  expect(large.device, figures).toBeLessThan(100e6);
  expect(large.peak - small.peak, figures).toBeLessThan(60e6);
  expect(large.peak - large.device, figures).toBeLessThan(500e6);
});
