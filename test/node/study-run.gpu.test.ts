// `ptycho study run` with jobs that really run: what it leaves, that it repeats, what it does again and what not.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cellScoresSchema } from "../../src/jobs/artifact-schemas.ts";
import { snapshotFolder } from "../support/faulty-file-system.ts";
import {
  arraysOf,
  cellOf,
  finishedFiles,
  liveSplits,
  namesOf,
  runStudy,
  type StudyEnd,
  writeLiveStudy,
} from "../support/live-study.ts";
import { readArrays } from "../support/result-files.ts";
import { runHere } from "../support/run-here.ts";
import { runProgram } from "../support/run-program.ts";
import { readIndex, readJson, readManifest } from "../support/study-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho study "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, "data");
const root = join(folder, "out");
const run = (artifactRoot: string, ...argv: string[]) => runStudy(data, artifactRoot, argv);
const epochs = ["--epochs", "12"];
const program = join(import.meta.dirname, "../../bin/ptycho.js");

let first: StudyEnd;
beforeAll(async () => {
  await writeLiveStudy(data);
  first = await run(root, ...epochs);
});

describe("two cells", () => {
  test("finish, and every artifact is there, nothing else", () => {
    expect(first.code, first.err).toBe(0);
    const perJob = ["job", "worker", "adapter", "start", ...Array.from({ length: 12 }, () => "epoch"), "done"];
    expect(namesOf(first.events)).toEqual(["plan", ...perJob, ...perJob, "end"]);
    for (const split of liveSplits) expect(readdirSync(cellOf(root, split)).sort()).toEqual(finishedFiles);
    expect(readdirSync(root).sort()).toEqual([
      ".ptycho-hashes.json",
      "dose_1000",
      "index.json",
      "reconstruction_manifest.json",
      "runs",
      "skip_summary.json",
      "summary.md",
    ]);
  });

  test("one worker serves both", () => {
    const pids = first.events.filter(({ event }) => event === "worker").map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(1);
  });

  test("the manifest says what ran, with preset, seeds and receipts", () => {
    const { preset, seeds, execution_results, jobs } = readManifest(root);
    expect({ preset, base: seeds.base }).toEqual({ preset: "best", base: 0 });
    for (const [index, split] of liveSplits.entries()) {
      expect(execution_results[index]).toMatchObject({
        split,
        returncode: 0,
        reused: false,
        error: null,
        receipt: join(cellOf(root, split), "run.json"),
        log_path: join(cellOf(root, split), "ptychi.log"),
        stdout_preview: expect.stringContaining("read as amplitude"),
      });
      const record = readJson(join(cellOf(root, split), "run.json"));
      expect(record).toMatchObject({ status: "complete", epochsCompleted: 12, seed: jobs[index]!.seed });
      expect(record.input).toMatchObject({ path: jobs[index]!.input_npz });
    }
    expect(readIndex(root).runs[0]).toMatchObject({ status: "finished", selected: 2, succeeded: 2, failed: 0 });
  });

  test("the arrays have the names that the study's Phase G reads", () => {
    const arrays = readArrays(join(cellOf(root, "train"), "ptychi_reconstruction.npz"));
    expect(arrays.get("reconstructed_object")).toMatchObject({ descr: "<c8" });
    expect(arrays.get("reconstructed_object")!.shape).toHaveLength(2);
    for (const name of ["reconstructed_probe", "reconstruction_time", "algorithm", "timestamp", "loss"]) {
      expect([...arrays.keys()]).toContain(name);
    }
    const png = readFileSync(join(cellOf(root, "train"), "reconstruction_visualization.png"));
    expect(png.subarray(1, 4).toString()).toBe("PNG");
  });

  test("the log: header, adapter, every epoch, the files", () => {
    const text = readFileSync(join(cellOf(root, "test"), "ptychi.log"), "utf8");
    expect(text).toMatch(
      /^# PtyChi LSQML Reconstruction Log\n# Job: dose=1000\.0, view=baseline, split=test\n# Command: /,
    );
    expect(text).toContain(`\n# Return code: 0\n#${"=".repeat(60)}\n\n=== STDOUT ===\n`);
    expect(text).toMatch(/\nsoftware adapter /);
    expect(text.match(/^epoch \d+\/12 {2}loss /gm)).toHaveLength(12);
    expect(text).toMatch(/\nsaved ptychi_reconstruction\.npz, reconstruction_visualization\.png, run\.json\n$/);
    expect(text).not.toContain("=== STDERR ===");
  });

  test("the log's command by hand gives the same arrays", async () => {
    const log = readFileSync(join(cellOf(root, "train"), "ptychi.log"), "utf8");
    const line = /^# Command: ptycho (.*)$/m.exec(log)![1]!;
    const argv = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    argv[argv.indexOf("--output") + 1] = join(folder, "by hand");
    const end = await runProgram([...argv, "--device", "software", "--quiet"]);
    expect(end.code, end.err).toBe(0);
    const npz = (path: string) =>
      [...readArrays(path)].filter(([name]) => !/^(timestamp|reconstruction_time)$/.test(name));
    expect(npz(join(folder, "by hand/reconstruction.npz"))).toEqual(
      npz(join(cellOf(root, "train"), "ptychi_reconstruction.npz")),
    );
  });

  test("scores against the truth, in metrics.json and in the table", () => {
    const summary = readFileSync(join(root, "summary.md"), "utf8");
    for (const split of liveSplits) {
      const scores = cellScoresSchema.parse(readJson(join(cellOf(root, split), "metrics.json")));
      expect(scores.key).toBe(readJson(join(cellOf(root, split), "run.json")).key);
      expect(summary).toMatch(
        new RegExp(`\\| 1000\\.0 \\| baseline \\| ${split} \\| finished \\| best \\| 25 of 25 \\| 12 \\| 0\\.0`),
      );
    }
    expect(summary.match(/\| missing \|/g)).toHaveLength(16);
  });

  test("study compare and status take the root", async () => {
    const compared = await runHere("study", "compare", "--artifact-root", root, "--json");
    expect(compared.code, compared.err).toBe(0);
    expect(JSON.parse(compared.out)).toMatchObject({ n_jobs: 2, n_success: 2, n_failed: 0 });
    const { out } = await runHere("study", "status", "--artifact-root", root);
    expect(out).toContain("2 of 18 finished, 0 outdated, 0 unfinished, 0 failed, 0 waiting, 0 filtered, 16 missing\n");
  });
});

describe("again", () => {
  const before = () => liveSplits.map((split) => snapshotFolder(cellOf(root, split)));

  test("D10 the same call reuses both, starts no worker and changes no byte of a result", async () => {
    const seen = before();
    const end = await run(root, ...epochs);
    expect(end.code, end.err).toBe(0);
    expect(namesOf(end.events)).toEqual(["plan", "job", "reused", "job", "reused", "end"]);
    expect(before()).toEqual(seen);
  });

  test("a dry run estimates on a measured minibatch, exits 0 and touches no result", async () => {
    const seen = before();
    const end = await run(root, ...epochs, "--dry-run");
    expect(end.code, end.err).toBe(0);
    for (const { estimate, refusal } of end.events.filter(({ event }) => event === "dry-run")) {
      expect(refusal).toBeNull();
      expect(estimate.patternBytes).toBe(25 * 16 * 16 * 4);
      expect(estimate.workingBytes).toBeGreaterThan(10_000);
      expect(estimate.seconds).toBeGreaterThan(0);
    }
    expect(readManifest(root).execution_results.map(({ returncode }) => returncode)).toEqual([0, 0]);
    expect(before()).toEqual(seen);
  });

  test("--overwrite starts over, with the same arrays", async () => {
    const arrays = liveSplits.map((split) => arraysOf(cellOf(root, split)));
    const end = await run(root, ...epochs, "--overwrite");
    expect(end.code, end.err).toBe(0);
    expect(namesOf(end.events).filter((name) => name === "start")).toHaveLength(2);
    expect(liveSplits.map((split) => arraysOf(cellOf(root, split)))).toEqual(arrays);
  });

  test("D8 one input replaced, and other epochs: only what is concerned runs again", async () => {
    const [own, out] = [join(folder, "own data"), join(folder, "own out")];
    cpSync(data, own, { recursive: true });
    cpSync(root, out, { recursive: true });
    const again = (...argv: string[]) => runStudy(own, out, argv);
    cpSync(join(own, "phase_c/dose_1000/patched_train.npz"), join(own, "phase_c/dose_1000/patched_test.npz"));
    const replaced = await again(...epochs);
    expect(replaced.code, replaced.err).toBe(0);
    const happened = replaced.events.filter(({ event }) => ["job", "reused", "remark", "start"].includes(event));
    expect(namesOf(happened)).toEqual(["job", "reused", "job", "remark", "start"]);
    expect(happened[3].message).toContain("the input has changed; run again");
    const longer = await again("--epochs", "13", "--split", "train");
    expect(namesOf(longer.events)).toContain("start");
    expect(readJson(join(cellOf(out, "train"), "run.json")).epochsCompleted).toBe(13);
    // another preset on the same root is another result; the earlier one is not taken for it
    const study = await again("--epochs", "13", "--split", "train", "--preset", "study");
    expect(study.code, study.err).toBe(0);
    expect(namesOf(study.events)).toContain("start");
    const { options, patterns } = readJson(join(cellOf(out, "train"), "run.json"));
    expect(options).toMatchObject({ noiseModel: "gaussian", probe: { power: { enabled: true } } });
    expect(patterns).toEqual({ present: 25, used: 25 });
    expect(
      readIndex(out)
        .runs.map(({ preset }) => preset)
        .slice(-2),
    ).toEqual(["best", "study"]);
  });
});

test("E20 whoever listened goes away in the middle: the run goes on, log and result are complete", async () => {
  const unheard = join(folder, "unheard");
  const where = ["--data-root", data, "--artifact-root", unheard, "--device", "software", "--split", "train"];
  const gaps = ["--allow-missing-phase-c", "--allow-missing-phase-d"];
  const argv = [program, "study", "run", ...where, ...gaps, ...epochs, "--json"];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.once("data", () => {
    child.stdout.destroy();
    child.stderr.destroy();
  });
  expect(await new Promise((resolve) => child.on("exit", resolve))).toBe(0);
  expect(readdirSync(cellOf(unheard, "train")).sort()).toEqual(finishedFiles);
  expect(readFileSync(join(cellOf(unheard, "train"), "ptychi.log"), "utf8")).toMatch(/^epoch 12\/12 /m);
  expect(arraysOf(cellOf(unheard, "train"))).toEqual(arraysOf(cellOf(root, "train")));
});

test("no adapter of the name that was asked for: 69, logged like any other end", async () => {
  const none = join(folder, "none");
  const end = await run(none, ...epochs, "--split", "train", "--adapter", "no such adapter");
  expect(end.code, end.err).toBe(69);
  const [result] = readManifest(none).execution_results;
  expect(result).toMatchObject({ returncode: 69, error: expect.stringContaining("no such adapter") });
  expect(readFileSync(result!.log_path!, "utf8")).toMatch(/# Return code: 69\n[\s\S]*=== STDERR ===\n/);
});

test("E15 a root that is removed during the run: 74, and it does not come back", async () => {
  const gone = join(folder, "gone");
  let removed = false;
  const end = await runStudy(data, gone, ["--epochs", "3000", "--checkpoint-seconds", "0"], ({ event }) => {
    if (event !== "epoch" || removed) return;
    removed = true;
    rmSync(gone, { recursive: true, force: true, maxRetries: 5 });
  });
  expect(end.code, end.err).toBe(74);
  expect(end.err).toMatch(/\[IO_OUTPUT_GONE\]\n$/);
  expect(existsSync(gone)).toBe(false);
});
