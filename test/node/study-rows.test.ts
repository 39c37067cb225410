// Rows D and E of the fault matrix (reliability.md section 8) as `ptycho study run` meets them without a device. Those that
// need a running job are in study-run.gpu.test.ts, those below the command in the tests of the modules.
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCK_NAME, lockFolder } from "../../src/node/folder-lock.ts";
import { MOST_CALLS } from "../../src/node/study/call-records.ts";
import { createReporter } from "../../src/node/study/study-reporter.ts";
import { finishCell, jobsOf, selectionOf, writeTinyStudy } from "../support/finished-cells.ts";
import { writeNoiseStudy } from "../support/noise-study.ts";
import { runHere } from "../support/run-here.ts";
import { manifestJson } from "../support/study-folders.ts";
import { eventsOf, readIndex, readManifest, readSkips } from "../support/study-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-rows-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const noise = join(folder, "noise");
beforeAll(() => writeNoiseStudy(noise));
let count = 0;
const newRoot = () => join(folder, `out ${count++}`);
const run = (root: string, ...argv: string[]) => runHere("study", "run", "--artifact-root", root, ...argv);
const one = ["--dose", "1000", "--view", "dense", "--split", "train"];
const program = join(import.meta.dirname, "../../bin/ptycho.js");

describe("D manifest and options", () => {
  const manifest = (change: (json: ReturnType<typeof manifestJson>) => void) => {
    const json = manifestJson("dry-run");
    change(json);
    return JSON.stringify(json);
  };
  it.each([
    ["D1 no JSON", "{", "MANIFEST_SYNTAX"],
    ["D1 a byte order mark", "\ufeff{}", "MANIFEST_SYNTAX"],
    ["D1 comments", '{"jobs": [] /* none */}', "MANIFEST_SYNTAX"],
    ["D1 too deep", "[".repeat(10_000), "MANIFEST_SYNTAX"],
    ["D2 a key twice", '{"jobs": [], "jobs": []}', "MANIFEST_KEY"],
    ["D2 a misspelt key", manifest((json) => Object.assign(json, { jobs: undefined, job: json.jobs })), "MANIFEST_KEY"],
    ["D3 __proto__", '{"jobs": [], "__proto__": {"dose": 1}}', "MANIFEST_KEY"],
    ["D4 a dose of 1e999", '{"jobs": [{"dose": 1e999}]}', "MANIFEST_VALUE"],
    ["D4 a dose as text", manifest((json) => Object.assign(json.jobs[0], { dose: "1000" })), "MANIFEST_VALUE"],
    ["D5 view and gridsize", manifest((json) => Object.assign(json.jobs[0], { gridsize: 2 })), "MANIFEST_CONFLICT"],
    ["D6 two jobs of one cell", manifest((json) => json.jobs.push(json.jobs[0])), "MANIFEST_JOB_ID"],
    ["D6 a view ../x", manifest((json) => Object.assign(json.jobs[1], { view: "../x" })), "MANIFEST_JOB_ID"],
    ["D9 a newer version", '{"schema_version": "2.0", "jobs": []}', "MANIFEST_VERSION"],
  ])("%s: exit 78, one line that names the file, nothing written", async (_, text, code) => {
    const path = join(folder, `manifest ${count++}.json`);
    writeFileSync(path, text);
    const root = newRoot();
    const end = await run(root, "--training-manifest", path, "--data-root", noise);
    expect(end).toMatchObject({ code: 78, out: "" });
    expect(end.err).toMatch(/^ptycho: [^\n]*\[[A-Z_]+\]\n$/);
    expect(end.err).toContain(path);
    expect(end.err).toContain(`[${code}]`);
    expect(existsSync(root)).toBe(false);
    expect(Object.hasOwn(Object.prototype, "dose")).toBe(false);
  });

  it("D5 flags that contradict each other: exit 2 before anything is looked at", async () => {
    const root = newRoot();
    expect((await run(root, "--data-root", noise, "--resume", "--overwrite")).code).toBe(2);
    expect(existsSync(root)).toBe(false);
  });

  describe("D7 inputs that are missing", () => {
    const holed = join(folder, "holed");
    beforeAll(() => writeNoiseStudy(holed, (path) => path.includes("dose_10000/dense/dense_test")));
    it("D7 the whole plan is looked at first: exit 66, named, nothing ran", async () => {
      const root = newRoot();
      const { code, err } = await run(root, "--data-root", holed, ...one);
      expect(code).toBe(66);
      expect(err).toContain("dose_10000/dense/dense_test.npz");
      expect(existsSync(root)).toBe(false);
    });
    it("D7 --keep-going runs the rest, says what is missing, and exits 1 even when all of that is well", async () => {
      const tiny = join(folder, "tiny");
      writeTinyStudy(tiny);
      const artifactRoot = newRoot();
      const [job] = await jobsOf(selectionOf(tiny, { artifactRoot, numEpochs: 2 }));
      await finishCell(job!);
      rmSync(join(tiny, "phase_d/dose_10000/dense/dense_test.npz"));
      const flags = ["--data-root", tiny, "--epochs", "2", "--max-jobs", "1"];
      expect((await run(artifactRoot, ...flags)).code).toBe(66);
      const { code, out, err } = await run(artifactRoot, ...flags, "--keep-going");
      expect(out).toContain("1 of 1 jobs finished (1 reused), 0 failed\n");
      expect(err).toMatch(/^ptycho: Phase D overlap NPZ not found: .*dense_test\.npz/);
      expect(code).toBe(1);
      expect((await run(artifactRoot, ...flags, "--allow-missing-phase-d")).code).toBe(0);
    });
    it("D7 one refused input holds up all; with --keep-going the others are looked for", async () => {
      const mixed = join(folder, "mixed");
      writeTinyStudy(mixed);
      writeFileSync(join(mixed, "phase_d/dose_1000/dense/dense_test.npz"), "no archive");
      const artifactRoot = newRoot();
      const filters = { dose: 1000, view: "dense", split: null, gridsize: null, maxJobs: null };
      const [job] = await jobsOf(selectionOf(mixed, { artifactRoot, filters, numEpochs: 2 }));
      await finishCell(job!);
      const flags = ["--data-root", mixed, "--epochs", "2", "--dose", "1000", "--view", "dense"];
      expect((await run(artifactRoot, ...flags)).code).toBe(1);
      const codes = () => readManifest(artifactRoot).execution_results.map(({ returncode }) => returncode);
      expect(codes()).toEqual([null, 65]);
      expect((await run(artifactRoot, ...flags, "--keep-going")).code).toBe(1);
      expect(codes()).toEqual([0, 65]);
    });
  });
});

describe("E3 what a call left that was killed", () => {
  it("E3 half-written records are ignored and go; the index is kept", async () => {
    const root = newRoot();
    await run(root, "--data-root", noise, ...one);
    const [first] = readIndex(root).runs;
    const left = [
      ".index.json.partial-0a0b",
      ".reconstruction_manifest.json.previous-0c",
      "..ptycho-hashes.json.partial-0d",
      `runs/${first!.run_id}/.summary.md.partial-0e`,
      "dose_1000/dense/train/.run.json.partial-0f",
    ];
    for (const name of left) writeFileSync(join(root, name), "half");
    await run(root, "--data-root", noise, ...one);
    const names = readdirSync(root, { recursive: true, encoding: "utf8" });
    expect(names.filter((name) => /(partial|previous)-/.test(name))).toEqual([]);
    expect(readIndex(root).runs).toHaveLength(2);
    expect(readIndex(root).runs[0]).toEqual(first);
  });
  it("E2 a call that the index has as running was killed: nobody else holds the root", async () => {
    const root = newRoot();
    await run(root, "--data-root", noise, ...one);
    const { runs } = readIndex(root);
    writeFileSync(
      join(root, "index.json"),
      JSON.stringify({ schema_version: "1.0", runs: [{ ...runs[0], status: "running" }] }),
    );
    await run(root, "--data-root", noise, ...one, "--dry-run");
    expect(readIndex(root).runs[0]).toEqual({ ...runs[0], status: "killed" });
    expect(readIndex(root).runs.map(({ status }) => status)).toEqual(["killed", "finished"]);
  });
  it("the index forgets the oldest of very many calls", async () => {
    const root = newRoot();
    await run(root, "--data-root", noise, ...one);
    const [first] = readIndex(root).runs;
    const runs = Array.from({ length: MOST_CALLS }, (_, index) => ({ ...first!, run_id: `run ${index}` }));
    writeFileSync(join(root, "index.json"), JSON.stringify({ schema_version: "1.0", runs }));
    await run(root, "--data-root", noise, ...one);
    const now = readIndex(root).runs;
    expect(now).toHaveLength(MOST_CALLS);
    expect([now[0]!.run_id, now.at(-1)!.run_id]).toEqual(["run 1", readManifest(root).run_id]);
    expect(existsSync(join(root, first!.folder, "summary.md"))).toBe(true);
  });
  it("E16 an index that cannot be read is put aside, not lost", async () => {
    const root = newRoot();
    await run(root, "--data-root", noise, ...one);
    writeFileSync(join(root, "index.json"), "{");
    await run(root, "--data-root", noise, ...one);
    expect(readIndex(root).runs).toHaveLength(1);
    expect(readFileSync(join(root, "index.json.damaged"), "utf8")).toBe("{");
  });
});

it("E11 nothing is staged in the system's temporary folder", () => {
  const root = newRoot();
  const env = { ...process.env, TMPDIR: join(folder, "there is none") };
  const end = spawnSync(
    process.execPath,
    [program, "study", "run", "--data-root", noise, "--artifact-root", root, ...one],
    { env, encoding: "utf8" },
  );
  expect(end.status, end.stderr).toBe(65);
  expect(readManifest(root).execution_results).toHaveLength(1);
});

describe("E13, E14 the root's lock", () => {
  it("E13 held by a live run: exit 75 naming pid, host and age, and nothing is touched", async () => {
    const root = newRoot();
    mkdirSync(root);
    const lock = await lockFolder(root);
    try {
      for (const argv of [[], ["--dry-run"]]) {
        const { code, err } = await run(root, "--data-root", noise, ...one, ...argv);
        expect(code).toBe(75);
        expect(err).toMatch(new RegExp(`process ${process.pid} on ${hostname()}, for \\d+ s.*\\[LOCK_HELD\\]\n$`));
      }
      expect(readdirSync(root)).toEqual([LOCK_NAME]);
      const { code, out } = await run(root, "--data-root", noise, ...one, "--break-lock");
      expect(code).toBe(65);
      expect(out).toContain(`the lock of process ${process.pid} on ${hostname()}, was broken`);
    } finally {
      await lock.release();
    }
    expect(readdirSync(root)).not.toContain(LOCK_NAME);
  });
  it("E14 of a process that is gone: taken over with a note", async () => {
    const root = newRoot();
    mkdirSync(root);
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const holder = { pid, host: hostname(), processStart: "1", since: new Date().toISOString(), nonce: "0a" };
    writeFileSync(join(root, LOCK_NAME), JSON.stringify(holder));
    const { code, out } = await run(root, "--data-root", noise, ...one);
    expect(code).toBe(65);
    expect(out).toContain(`note: the lock of process ${pid} on ${hostname()}, which is gone, was taken over\n`);
    expect(readdirSync(root)).not.toContain(LOCK_NAME);
  });
});

describe("E19 and what is no place for results", () => {
  it("E19 a root that is a link is not followed: 74", async () => {
    const root = newRoot();
    mkdirSync(`${root} target`);
    symlinkSync(`${root} target`, root);
    const { code, err } = await run(root, "--data-root", noise, ...one);
    expect([code, err]).toEqual([74, expect.stringMatching(/symbolic link.*\[IO_SYMLINK\]\n$/)]);
    expect(readdirSync(`${root} target`)).toEqual([]);
  });
  it("E19 a cell that is a link fails alone", async () => {
    const root = newRoot();
    mkdirSync(join(root, "dose_1000/dense"), { recursive: true });
    mkdirSync(`${root} target`);
    symlinkSync(`${root} target`, join(root, "dose_1000/dense/train"));
    expect((await run(root, "--data-root", noise, ...one)).code).toBe(74);
    expect(readManifest(root).execution_results[0]).toMatchObject({ returncode: 74, error_code: "IO_SYMLINK" });
    expect(readdirSync(`${root} target`)).toEqual([]);
    expect((await run(root, "--data-root", noise, "--dose", "1000", "--view", "dense")).code).toBe(1);
    expect(readManifest(root).execution_results.map(({ returncode }) => returncode)).toEqual([74, 65]);
  });
  it("a root that is a file, or lies below one: 74", async () => {
    const root = newRoot();
    writeFileSync(root, "");
    expect((await run(root, "--data-root", noise, ...one)).code).toBe(74);
    expect((await run(join(root, "deeper"), "--data-root", noise, ...one)).code).toBe(74);
    expect(readFileSync(root, "utf8")).toBe("");
  });
  it("a folder in the place of a record: 74 and its name", async () => {
    const root = newRoot();
    mkdirSync(join(root, "reconstruction_manifest.json"), { recursive: true });
    const { code, err } = await run(root, "--data-root", noise, ...one);
    expect([code, err]).toEqual([74, expect.stringContaining("reconstruction_manifest.json")]);
    expect(lstatSync(join(root, "reconstruction_manifest.json")).isDirectory()).toBe(true);
  });
  it("a root that is the data's own root, or one of its phases, works beside the inputs", async () => {
    const own = join(folder, "own root");
    writeNoiseStudy(own);
    for (const root of [own, join(own, "phase_c"), join(own, "phase_d")]) {
      const flags = ["--phase-c-root", join(own, "phase_c"), "--phase-d-root", join(own, "phase_d"), ...one];
      expect((await run(root, ...flags)).code).toBe(65);
      expect(readManifest(root)).toMatchObject({ total_jobs: 18 });
      expect(readFileSync(join(root, "dose_1000/dense/train/ptychi.log"), "utf8")).toContain("# Return code: 65\n");
    }
  });
});

describe("E20 nobody listens", () => {
  it.each([["stdout"], ["stderr"], ["both"]])("E20 %s closed: the run goes on to its end", async (which) => {
    const root = newRoot();
    const argv = ["study", "run", "--data-root", noise, "--artifact-root", root, "--dose", "1000", "--json"];
    const child = spawn(process.execPath, [program, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
    if (which !== "stderr") child.stdout.destroy();
    if (which !== "stdout") child.stderr.destroy();
    child.stdout.resume();
    child.stderr.resume();
    const code = await new Promise((resolve) => child.on("exit", resolve));
    expect(code).toBe(1);
    expect(readIndex(root).runs[0]).toMatchObject({ status: "finished", failed: 6 });
    for (const { log_path } of readManifest(root).execution_results) {
      expect(readFileSync(log_path!, "utf8")).toContain("# Return code: 65\n");
    }
  });
});

describe("E22 a fault of our own", () => {
  it.each([
    ["an uncaught exception", "throw new Error('made up')"],
    ["an unhandled rejection", "void Promise.reject(new Error('made up'))"],
  ])("E22 %s: exit 70, one line, a report that tells more", (_, fault) => {
    const hook = join(folder, `hook ${count++}.mjs`);
    writeFileSync(
      hook,
      `const timer = setInterval(() => {
        if (process.listenerCount("uncaughtException") === 0) return; // the program has not begun
        clearInterval(timer);
        ${fault};
      }, 1);`,
    );
    const reports = join(folder, `reports ${count++}`);
    mkdirSync(reports);
    const root = newRoot();
    const argv = ["--import", pathToFileURL(hook).href, program, "study", "run", "--data-root", noise];
    const end = spawnSync(process.execPath, [...argv, "--artifact-root", root, ...one], {
      env: { ...process.env, TMPDIR: reports },
      encoding: "utf8",
    });
    expect(end.status, end.stderr).toBe(70);
    const [report] = readdirSync(reports);
    expect(end.stderr).toBe(
      `ptycho: internal error: made up [INTERNAL]. Please report it, with the file ${join(reports, report!)}\n`,
    );
    const text = readFileSync(join(reports, report!), "utf8");
    expect(text).toMatch(/study run --data-root/);
    expect(text).toMatch(/ptycho-webgpu \d+\./);
    expect(text).toMatch(/Error: made up\n\s+at /);
  });
});

it("E24 numbers that JSON has no word for are text in events, never null", () => {
  let out = "";
  const io = { stdout: (text: string) => void (out += text), stderr: () => {}, interactive: false };
  const reporter = createReporter(io, { json: true, quiet: false, dryRun: false });
  const numbers = { epoch: 0, epochCount: 2, seconds: 0, patternsPerSecond: Number.POSITIVE_INFINITY };
  reporter.epoch({ type: "epoch", loss: Number.NaN, ...numbers });
  expect(eventsOf(out)[0]).toMatchObject({ event: "epoch", loss: "NaN", patternsPerSecond: "Infinity" });
});

describe("a manifest from elsewhere (acceptance 4)", () => {
  const study = join(folder, "elsewhere");
  const gone = ["dose_1000/sparse/sparse_test", "dose_100000/dense/dense_test", "dose_1000/patched_train"];
  beforeAll(() => {
    writeNoiseStudy(study, (path) => gone.some((part) => path.includes(part)));
    const view = join(study, "phase_d/dose_10000/dense");
    writeFileSync(join(view, "train.npz"), readFileSync(join(view, "dense_train.npz")));
    rmSync(join(view, "dense_train.npz"));
    mkdirSync(join(study, "phase_e"));
    writeFileSync(join(study, "phase_e/training_manifest.json"), JSON.stringify(manifestJson("dry-run")));
  });
  const plan = (root: string, ...argv: string[]) => {
    const manifest = join(study, "phase_e/training_manifest.json");
    return run(root, "--training-manifest", manifest, "--data-root", study, "--dry-run", ...argv);
  };
  it("fails by name without the allow flags, whatever the filters", async () => {
    for (const argv of [[], ["--dose", "10000", "--view", "dense"], ["--allow-missing-phase-d"]]) {
      const root = newRoot();
      const { code, err } = await plan(root, ...argv);
      expect(code).toBe(66);
      expect(err).toContain(join(study, "phase_c/dose_1000/patched_train.npz"));
      expect(existsSync(root)).toBe(false);
    }
  });
  it("with them, dose 10000 and dense: 2 jobs, total_jobs 15, 3 missing, 16 skipped", async () => {
    const root = newRoot();
    const allow = ["--allow-missing-phase-c", "--allow-missing-phase-d"];
    const { out } = await plan(root, ...allow, "--dose", "10000", "--view", "dense");
    expect(out).toContain("Total jobs enumerated: 15\nFilter --dose=10000.0: 15 → 6 jobs\n");
    expect(out).toContain("Filter --view=dense: 6 → 2 jobs\nFiltered jobs: 2 selected, 16 skipped\n");
    const { total_jobs, filtered_jobs, jobs, missing_jobs, training_manifest } = readManifest(root);
    expect({ total_jobs, filtered_jobs }).toEqual({ total_jobs: 15, filtered_jobs: 2 });
    expect(missing_jobs).toHaveLength(3);
    expect(jobs.map(({ input_npz }) => input_npz)).toEqual([
      join(study, "phase_d/dose_10000/dense/train.npz"),
      join(study, "phase_d/dose_10000/dense/dense_test.npz"),
    ]);
    expect(training_manifest).toBe(join(study, "phase_e/training_manifest.json"));
    expect(readSkips(root)).toMatchObject({ skipped_count: 16, missing_phase_d_count: 3, missing_phase_c_count: 1 });
  });
});
