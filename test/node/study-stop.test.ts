// A stop, or the loss of the lock, while a call is not running anything: inputs are checked, files are hashed, finished
// cells are reused. Rows E4 and E13 of the fault matrix; nothing here needs a device.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noFilters } from "../../src/jobs/filters.ts";
import { LOCK_NAME } from "../../src/node/folder-lock.ts";
import { runStudy } from "../../src/node/study/run-study.ts";
import { createReporter, type StudyReporter } from "../../src/node/study/study-reporter.ts";
import type { StudyRunRequest } from "../../src/node/study/study-request.ts";
import { snapshotFolder } from "../support/faulty-file-system.ts";
import { type CellJob, finishCell, jobsOf, selectionOf, writeTinyStudy } from "../support/finished-cells.ts";
import { readIndex } from "../support/study-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-stop-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, "data");
beforeAll(() => writeTinyStudy(data));

const filters = { ...noFilters, dose: 1000, view: "dense" };
let artifactRoot: string;
let cells: CellJob[];
let count = 0;
beforeEach(async () => {
  artifactRoot = join(folder, `out ${count++}`);
  cells = await jobsOf(selectionOf(data, { artifactRoot, filters }));
});

/** Runs a call whose events may stop it. */
function call(events: (stop: () => void) => Partial<StudyReporter>, changes: Partial<StudyRunRequest> = {}) {
  const controller = new AbortController();
  const silent = { stdout: () => {}, stderr: () => {}, interactive: false };
  const reporter = {
    ...createReporter(silent, { json: false, quiet: true, dryRun: false }),
    ...events(() => controller.abort()),
  };
  const stop = { signal: controller.signal, exitCode: 130, release: () => {} };
  const request: StudyRunRequest = {
    selection: selectionOf(data, { artifactRoot, filters }),
    allowed: { phaseC: false, phaseD: false },
    preset: "best",
    dryRun: false,
    keepGoing: false,
    overwrite: false,
    verify: false,
    regenerateMissing: false,
    breakLock: false,
    checkpointSeconds: null,
    hangSeconds: 60,
    stopSeconds: 20,
    device: { device: "software", adapter: "no such adapter" },
    ...changes,
  };
  return runStudy(request, stop, reporter);
}

describe("E4 a stop", () => {
  it("E4 before the inputs have been checked: nothing is checked any more, and nothing is left", async () => {
    let checked = 0;
    const end = await call((stop) => ({ plan: stop, dryJob: () => void checked++, begin: () => void checked++ }));
    expect(end).toEqual({ results: [], stopped: true, gap: null });
    expect(checked).toBe(0);
    expect(existsSync(artifactRoot)).toBe(false);
  });
  it("E4 while files are hashed: the cell is left for later, not reused and not failed", async () => {
    for (const cell of cells) await finishCell(cell);
    let reused = 0;
    const end = await call((stop) => ({ job: stop, reused: () => void reused++ }), { verify: true });
    expect(reused).toBe(0);
    expect(end).toMatchObject({ stopped: true, results: [{ returncode: null }, { returncode: null }] });
    expect(end.results.map(({ error }) => error)).toEqual([null, null]);
    expect(readIndex(artifactRoot).runs[0]).toMatchObject({ status: "stopped", unfinished: 2, failed: 0 });
  });
});

describe("E13 a lock that is broken while finished cells are reused", () => {
  const breakLock = () =>
    writeFileSync(join(artifactRoot, LOCK_NAME), JSON.stringify({ pid: 1, host: "elsewhere", nonce: "0" }));
  it.each([
    ["between two cells", (calls: number) => ({ reused: () => void (calls++ === 0 && breakLock()) })],
    ["before the first", () => ({ job: breakLock })],
  ])("E13 %s: 75, and no cell is touched any more", async (what, events) => {
    for (const cell of cells) {
      await finishCell(cell);
      // what tidying up would remove
      writeFileSync(join(cell.job.outputDir, "checkpoint-000001.npz"), "");
    }
    const left = what === "before the first" ? cells : cells.slice(1);
    const before = left.map(({ job }) => snapshotFolder(job.outputDir));
    await expect(call(() => events(0))).rejects.toMatchObject({ code: "LOCK_LOST", exitCode: 75 });
    expect(left.map(({ job }) => snapshotFolder(job.outputDir))).toEqual(before);
  });
  it("E13 nor is a damaged result put aside", async () => {
    for (const cell of cells) await finishCell(cell);
    const [cell] = cells as [CellJob];
    writeFileSync(join(cell.job.outputDir, "ptychi_reconstruction.npz"), "damaged");
    const before = snapshotFolder(cell.job.outputDir);
    await expect(call(() => ({ job: breakLock }))).rejects.toMatchObject({ code: "LOCK_LOST", exitCode: 75 });
    expect(snapshotFolder(cell.job.outputDir)).toEqual(before);
  });
});
