// Finished cells on the next call: reused when they are exactly what would be made, made again when anything differs.
// Rows D8, D10 and E16 of the fault matrix. Nothing here needs a device.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noFilters } from "../../src/jobs/filters.ts";
import { RESULT_NAMES } from "../../src/node/artifacts.ts";
import type { HashMemory } from "../../src/node/file-hash.ts";
import { rememberedHash, stampFile } from "../../src/node/file-hash.ts";
import { lockFolder } from "../../src/node/folder-lock.ts";
import { readReceipt } from "../../src/node/run-receipt.ts";
import { loadHashMemory, MOST_FILES, saveHashMemory } from "../../src/node/study/hash-memory.ts";
import { findReusable, rememberResult } from "../../src/node/study/reuse.ts";
import { snapshotFolder } from "../support/faulty-file-system.ts";
import { type CellJob, finishCell, jobsOf, selectionOf, writeTinyStudy } from "../support/finished-cells.ts";
import { runHere } from "../support/run-here.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";
import { eventsOf, readIndex, readManifest, readSkips } from "../support/study-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-reuse-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, "data");
beforeAll(() => writeTinyStudy(data));

const filters = { ...noFilters, dose: 1000, view: "dense" };
const flags = ["--dose", "1000", "--view", "dense", "--epochs", "2"];
let artifactRoot: string;
let cells: CellJob[];
let count = 0;
beforeEach(async () => {
  artifactRoot = join(folder, `out ${count++}`);
  cells = await jobsOf(selectionOf(data, { artifactRoot, filters }));
  for (const cell of cells) await finishCell(cell);
});
const run = (...argv: string[]) =>
  runHere("study", "run", "--data-root", data, "--artifact-root", artifactRoot, ...flags, ...argv);
const at = (cell: CellJob, name: string) => join(cell.job.outputDir, name);
const look = ({ job, options }: CellJob, verify = false, memory: HashMemory = new Map()) =>
  findReusable(job, options, memory, verify);
const otherScan = () =>
  scanFile(scanMembers({ ...scanNumbers(), patterns: scanNumbers().patterns.map((value) => 0.5 * value) }));

describe("a call after success", () => {
  it("D10 reuses every cell: exit 0, no worker, nothing of a result touched", async () => {
    await run();
    const before = cells.map(({ job }) => snapshotFolder(job.outputDir));
    const { code, out } = await run("--json");
    expect(code).toBe(0);
    expect(eventsOf(out).map(({ event }) => event)).toEqual(["plan", "job", "reused", "job", "reused", "end"]);
    expect(cells.map(({ job }) => snapshotFolder(job.outputDir))).toEqual(before);
  });
  it("a reused cell stays in jobs and results, with returncode 0, and is no skip", async () => {
    expect((await run("--resume")).out).toContain("2 of 2 jobs finished (2 reused), 0 failed\n");
    const { jobs, execution_results } = readManifest(artifactRoot);
    expect(jobs).toHaveLength(2);
    expect(execution_results).toEqual(
      cells.map((cell) =>
        expect.objectContaining({
          returncode: 0,
          reused: true,
          receipt: at(cell, "run.json"),
          error: null,
          log_path: null,
        }),
      ),
    );
    expect(readSkips(artifactRoot).skipped_count).toBe(16);
    expect(readIndex(artifactRoot).runs[0]).toMatchObject({
      status: "finished",
      succeeded: 2,
      failed: 0,
      unfinished: 0,
    });
    const summary = readFileSync(join(artifactRoot, "summary.md"), "utf8");
    expect(summary.match(/\| finished \(reused\) \| best \| 12 of 12 \| 2 \| 0\.50000 \|/g)).toHaveLength(2);
  });
  it("what a call that was killed left in a finished cell goes", async () => {
    const left = ["checkpoint-000001.npz", ".run.json.previous-0a", ".ptychi_reconstruction.npz.partial-0b"];
    for (const name of left) writeFileSync(at(cells[0]!, name), "");
    await run();
    expect(readdirSync(cells[0]!.job.outputDir).sort()).toEqual([
      "metrics.json",
      "ptychi_reconstruction.npz",
      "reconstruction_visualization.png",
      "run.json",
    ]);
  });
  it("cells of earlier calls stand in the table with their preset, and without figures: they may be of other options", async () => {
    const [other] = await jobsOf(selectionOf(data, { artifactRoot, filters: { ...filters, view: "sparse" } }), "study");
    await finishCell(other!);
    await run();
    await run("--split", "train");
    const rows = readFileSync(join(artifactRoot, "summary.md"), "utf8").match(/^\| 1000\.0 .*$/gm)!;
    const rowOf = (place: string) => rows.find((row) => row.startsWith(`| 1000.0 | ${place} |`));
    const blank = "|  ".repeat(7);
    expect(rowOf("dense | train")).toMatch(/\| finished \(reused\) \| best \| 12 of 12 \| 2 \| 0\.50000 \|/);
    expect(rowOf("dense | test")).toBe(`| 1000.0 | dense | test | finished earlier | best ${blank}|`);
    expect(rowOf("sparse | train")).toBe(`| 1000.0 | sparse | train | finished earlier | study ${blank}|`);
    expect(rowOf("sparse | test")).toBe(`| 1000.0 | sparse | test | filtered |  ${blank}|`);
  });
  it("a cell that failed in this call shows no figures of the result that lies there", async () => {
    const kept = readFileSync(cells[0]!.job.inputNpz);
    writeFileSync(cells[0]!.job.inputNpz, "no archive");
    try {
      expect((await run("--keep-going")).code).toBe(1);
    } finally {
      writeFileSync(cells[0]!.job.inputNpz, kept);
    }
    const summary = readFileSync(join(artifactRoot, "summary.md"), "utf8");
    expect(summary).toContain(`| 1000.0 | dense | train | failed (65) | best ${"|  ".repeat(7)}|\n`);
  });
});

describe("a result counts only for the job that would make it", () => {
  it("the same input, options and version: it does", async () => {
    for (const cell of cells) expect(await look(cell)).toMatchObject({ receipt: { status: "complete" }, remarks: [] });
  });
  it("D8 one input replaced: that cell alone is made again", async () => {
    const path = cells[1]!.job.inputNpz;
    const original = readFileSync(path);
    writeFileSync(path, otherScan());
    try {
      expect((await look(cells[0]!)).receipt).not.toBeNull();
      expect((await look(cells[1]!)).receipt).toBeNull();
      expect((await look(cells[1]!)).remarks[0]).toMatch(/the input has changed; run again$/);
    } finally {
      writeFileSync(path, original);
    }
  });
  it.each([
    ["another preset", {}, "study"],
    ["another seed", { baseSeed: 7 }, "best"],
    ["other epochs", { numEpochs: 3 }, "best"],
  ] as const)("%s", async (_, changes, preset) => {
    const [other] = await jobsOf(selectionOf(data, { artifactRoot, filters, ...changes }), preset);
    const { receipt, remarks } = await look(other!);
    expect(receipt).toBeNull();
    expect(remarks[0]).toMatch(/other options or another engine version; run again$/);
  });
  it("one that `ptycho reconstruct` wrote into the cell does not: its files have other names", async () => {
    await finishCell(cells[0]!, () => ({}), RESULT_NAMES);
    const { receipt, remarks } = await look(cells[0]!);
    expect(receipt).toBeNull();
    expect(remarks[0]).toMatch(/run\.json is not of this command; run again$/);
  });
  it.each(["cancelled", "diverged"] as const)("E24 one that is %s does not", async (status) => {
    const loss = Float64Array.of(0.5, Number.NaN);
    await finishCell(cells[0]!, ({ result }) => ({ result: { ...result, status, loss } }));
    const { receipt, remarks } = await look(cells[0]!);
    expect(receipt).toBeNull();
    expect(remarks[0]).toContain(`the result there is ${status}; run again`);
    // numbers that JSON has no word for are text, with a list of where
    const record = JSON.parse(readFileSync(at(cells[0]!, "run.json"), "utf8"));
    expect([record.loss, record.nonFinite]).toEqual([[0.5, "NaN"], ["loss[1]"]]);
  });
});

describe("E16 a result that was changed after it was written", () => {
  const damages: [name: string, what: string, damage: (path: string) => void][] = [
    ["ptychi_reconstruction.npz", "cut", (path) => truncateSync(path, 500)],
    ["ptychi_reconstruction.npz", "a bit flipped", flip],
    ["reconstruction_visualization.png", "a bit flipped", flip],
    ["run.json", "cut", (path) => truncateSync(path, 500)],
    ["run.json", "emptied", (path) => truncateSync(path, 0)],
    ["run.json", "of another program", (path) => writeFileSync(path, '{"format": "other"}')],
  ];
  function flip(path: string): void {
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
  }
  it.each(damages)("E16 %s %s: noticed, put aside, made again", async (name, _, damage) => {
    const [cell] = cells;
    damage(at(cell!, name));
    const bad = readFileSync(at(cell!, name));
    const { receipt, remarks } = await look(cell!);
    expect(receipt).toBeNull();
    expect(remarks[0]).toContain(name);
    expect(remarks[0]).toMatch(/run again$/);
    expect(readFileSync(at(cell!, `${name}.damaged`)).equals(bad)).toBe(true);
    expect(readdirSync(cell!.job.outputDir)).not.toContain(name);
  });
  it("E16 damaged again and again: every one is kept aside", async () => {
    const [cell] = cells;
    const path = at(cell!, "ptychi_reconstruction.npz");
    for (const text of ["first", "second", "third"]) {
      await finishCell(cell!);
      writeFileSync(path, text);
      expect((await look(cell!)).receipt).toBeNull();
    }
    const asides = [".damaged", ".damaged-2", ".damaged-3"].map((end) => readFileSync(path + end, "utf8"));
    expect(asides).toEqual(["first", "second", "third"]);
  });
  it("E16 a file that is gone", async () => {
    rmSync(at(cells[0]!, "reconstruction_visualization.png"));
    expect((await look(cells[0]!)).remarks[0]).toContain(
      "reconstruction_visualization.png changed after it was written",
    );
    expect(readdirSync(cells[0]!.job.outputDir).sort()).toEqual(["ptychi_reconstruction.npz", "run.json"]);
  });
  it.each(["../outside", "..", "a/b", "a\\b"])("a receipt that names %j is none", async (name) => {
    const path = at(cells[0]!, "run.json");
    const record = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(join(cells[0]!.job.outputDir, "../outside"), "kept");
    writeFileSync(path, JSON.stringify({ ...record, files: { [name]: { sizeBytes: 1, sha256: "0" } } }));
    expect(await readReceipt(path)).toBeNull();
    expect((await look(cells[0]!)).receipt).toBeNull();
    expect(readFileSync(join(cells[0]!.job.outputDir, "../outside"), "utf8")).toBe("kept");
  });
});

describe("remembered hashes", () => {
  /** Changes a byte so that size, time and inode stay. */
  function changeSecretly(path: string): () => void {
    const original = readFileSync(path);
    const { atime, mtime } = statSync(path);
    const write = (bytes: Uint8Array) => {
      writeFileSync(path, bytes, { flag: "r+" });
      utimesSync(path, atime, mtime);
    };
    const changed = Uint8Array.from(original);
    changed[changed.length >> 1]! ^= 1;
    write(changed);
    return () => write(original);
  }
  it("save reading what size, time and inode vouch for; --verify reads it all the same", async () => {
    const { inputNpz } = cells[0]!.job;
    // whole seconds: what utimes can set again
    utimesSync(inputNpz, 1e9, 1e9);
    utimesSync(at(cells[0]!, "ptychi_reconstruction.npz"), 1e9, 1e9);
    expect((await run()).code).toBe(0);
    const memory = await loadHashMemory(artifactRoot);
    expect([...memory.keys()]).toContain(inputNpz);
    expect([...memory.keys()]).toContain(at(cells[0]!, "ptychi_reconstruction.npz"));
    for (const path of [inputNpz, at(cells[0]!, "ptychi_reconstruction.npz")]) {
      const undo = changeSecretly(path);
      expect((await look(cells[0]!, false, new Map(memory))).receipt).not.toBeNull();
      expect((await look(cells[0]!, true, new Map(memory))).receipt).toBeNull();
      if (path === inputNpz) undo();
    }
  });
  it("a job's own hashes are remembered as soon as it is done, unless its input changed meanwhile", async () => {
    const { job } = cells[0]!;
    const receipt = (await readReceipt(at(cells[0]!, "run.json")))!;
    const memory: HashMemory = new Map();
    await rememberResult(job, receipt, await stampFile(job.inputNpz), memory);
    expect(memory.get(job.inputNpz)!.sha256).toBe(receipt.inputSha256);
    expect(memory.size).toBe(3);
    const other: HashMemory = new Map();
    await rememberResult(job, receipt, { sizeBytes: 1, modified: "0", inode: "0:0" }, other);
    expect(other.has(job.inputNpz)).toBe(false);
  });
  it("a full memory forgets what was asked for longest ago", async () => {
    const root = join(folder, `full ${count}`);
    mkdirSync(root);
    const { inputNpz } = cells[0]!.job;
    const memory: HashMemory = new Map();
    const sha256 = (await rememberedHash(inputNpz, memory))!;
    const known = memory.get(inputNpz)!;
    for (let index = 0; index < MOST_FILES; index++) memory.set(`/${index}`, known);
    expect(await rememberedHash(inputNpz, memory)).toBe(sha256);
    await saveHashMemory(root, memory);
    const kept = [...(await loadHashMemory(root)).keys()];
    expect(kept).toHaveLength(MOST_FILES);
    expect([kept[0], kept.at(-1)]).toEqual(["/1", inputNpz]);
  });
  it("a memory that cannot be read is an empty one", async () => {
    const root = join(folder, `memory ${count}`);
    mkdirSync(root);
    expect((await loadHashMemory(root)).size).toBe(0);
    const stamp = { sizeBytes: 5, modified: "12345678901234567890", inode: "1:2", sha256: "a".repeat(64) };
    const memory: HashMemory = new Map([
      ["/x", stamp],
      ["/__proto__", stamp],
    ]);
    await saveHashMemory(root, memory);
    expect(await loadHashMemory(root)).toEqual(memory);
    for (const text of ["", "[]", '{"/x": {"sizeBytes": 5}}']) {
      writeFileSync(join(root, ".ptycho-hashes.json"), text);
      expect((await loadHashMemory(root)).size, text).toBe(0);
    }
  });
});

describe("study status", () => {
  const status = (...argv: string[]) => runHere("study", "status", "--artifact-root", artifactRoot, ...argv);
  it("reads receipts and checkpoints of the newest call's cells: finished, unfinished, waiting", async () => {
    await run();
    const { outputDir } = cells[1]!.job;
    rmSync(outputDir, { recursive: true });
    expect((await status()).out).toMatch(
      /1 of 18 finished, 0 outdated, 0 unfinished, 0 failed, 1 waiting, 16 filtered, 0 missing\n$/,
    );
    mkdirSync(outputDir);
    writeFileSync(at(cells[1]!, "checkpoint-000001.npz"), "");
    const { code, out } = await status();
    expect(code).toBe(0);
    expect(out).toMatch(/^Run \S+; not running\n/);
    expect(out).toMatch(/1000\.0 +dense +train +finished +2\/2 +0\.50000/);
    expect(out).toMatch(/1000\.0 +dense +test +unfinished +1\/2/);
    const record = JSON.parse((await status("--json")).out);
    expect(record).toMatchObject({ preset: "best", running: null, missing: [] });
    expect(record.cells).toHaveLength(18);
    const states = record.cells.map(({ view, split, state }: Record<string, string>) => `${view} ${split} ${state}`);
    expect(states.slice(0, 6)).toEqual([
      ...["baseline train filtered", "dense train finished", "sparse train filtered"],
      ...["baseline test filtered", "dense test unfinished", "sparse test filtered"],
    ]);
  });
  it("results of earlier calls are there whatever the newest one selected", async () => {
    await run("--split", "test");
    const { out } = await status();
    expect(out).toMatch(/1000\.0 +dense +train +finished +2\/2/);
    expect(out).toContain("2 of 18 finished, ");
  });
  it("names who is at work", async () => {
    await run();
    const lock = await lockFolder(artifactRoot);
    try {
      expect((await status()).out).toContain(`; running: process ${process.pid} on `);
      expect(JSON.parse((await status("--json")).out).running).toMatchObject({ pid: process.pid });
    } finally {
      await lock.release();
    }
  });
  it("without a call: 66; with arguments: 2", async () => {
    expect(await status()).toMatchObject({ code: 66, err: expect.stringContaining("no call has left its manifest") });
    expect((await runHere("study", "status")).code).toBe(2);
  });
});
