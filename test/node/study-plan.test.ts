// `ptycho study plan` on real folders, and planning as `study run` calls it.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildReconstructionManifest, buildSkipSummary } from "../../src/jobs/artifact-records.ts";
import { studyPlanSchema } from "../../src/jobs/artifact-schemas.ts";
import { assertInputsPresent } from "../../src/jobs/build-jobs.ts";
import { noFilters } from "../../src/jobs/filters.ts";
import { planStudy, type StudySelection } from "../../src/node/study/plan-study.ts";
import { nodeStudyFiles } from "../../src/node/study/study-files.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { runHere as run } from "../support/run-here.ts";
import { manifestText, studyFiles } from "../support/study-folders.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-plan-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

/** Folders of a whole study with empty inputs, and a manifest from another machine. */
function makeStudy(manifest: string | null = "dry-run"): string {
  const root = join(folder, `study-${count++}`);
  for (const file of studyFiles(root)) put(file);
  if (manifest) put(join(root, "phase_e", "training_manifest.json"), manifestText(manifest));
  return root;
}

function put(path: string, content: string | Uint8Array = ""): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const plan = (...argv: string[]) => run("study", "plan", ...argv);
const nothing: StudySelection = {
  trainingManifest: null,
  phaseCRoot: null,
  phaseDRoot: null,
  dataRoot: null,
  artifactRoot: null,
  design: null,
  filters: noFilters,
  baseSeed: 0,
};

describe("a manifest from elsewhere, one view renamed, two view files and one Phase C file gone", () => {
  const root = makeStudy();
  const view = (dose: number, name: string) => join(root, "phase_d", `dose_${dose}`, name);
  renameSync(view(10000, "dense/dense_train.npz"), view(10000, "dense/train.npz"));
  rmSync(view(1000, "sparse/sparse_test.npz"));
  rmSync(view(100000, "dense/dense_test.npz"));
  rmSync(join(root, "phase_c/dose_1000/patched_train.npz"));

  it("fails by name without the allow flags", async () => {
    const made = await planStudy({ ...nothing, dataRoot: root });
    const attempt = (phaseC: boolean, phaseD: boolean) => () => assertInputsPresent(made, { phaseC, phaseD });
    await expectRefusal(attempt(false, false), "INPUT_MISSING", ["dose_1000/patched_train.npz"], 66);
    await expectRefusal(attempt(true, false), "INPUT_MISSING", ["sparse_test.npz", "dose_100000/dense/dense_test"], 66);
    await expectRefusal(attempt(false, true), "INPUT_MISSING", ["dose_1000/patched_train.npz"], 66);
    attempt(true, true)();
  });
  it("plans 2 jobs of 15 for dose 10000 and dense: 3 missing, 16 skipped", async () => {
    const filters = { ...noFilters, dose: 10000, view: "dense" };
    const made = await planStudy({ ...nothing, dataRoot: root, filters });
    const facts = { runId: "r", timestamp: "2026-01-01T00:00:00Z" };
    const summary = buildSkipSummary(made, facts);
    expect(made.totals).toMatchObject({ selected: 2, filtered: 13, missing: 3, skipped: 16, totalJobs: 15 });
    expect(summary).toMatchObject({ skipped_count: 16, missing_phase_d_count: 3, missing_phase_c_count: 1 });
    const manifest = buildReconstructionManifest(made, {
      ...facts,
      versions: {},
      preset: null,
      dryRun: true,
      trainingManifest: made.manifestPath,
      executionResults: [],
    });
    expect(manifest).toMatchObject({ total_jobs: 15, filtered_jobs: 2 });
    expect(manifest.missing_jobs).toHaveLength(3);
    expect(manifest.jobs.map((job) => job.input_npz)).toEqual([
      view(10000, "dense/train.npz"),
      view(10000, "dense/dense_test.npz"),
    ]);
    expect(manifest.jobs.map((job) => job.notes.map((note) => note.code))).toEqual([["moved"], []]);
  });
  it("is printed cell by cell, exit 0, and says what `run` would do", async () => {
    const { code, out } = await plan("--data-root", root, "--dose", "10000", "--view", "dense");
    expect(code).toBe(0);
    expect(out).toContain("Total jobs enumerated: 15\nFilter --dose=10000.0: 15 → 6 jobs\n");
    expect(out).toContain("Filter --view=dense: 6 → 2 jobs\nFiltered jobs: 2 selected, 16 skipped\n");
    expect(out.match(/ (selected|filtered|missing) {2}/g)).toHaveLength(18);
    expect(out).toContain("18 cells: 2 selected, 13 filtered, 3 missing (Phase C 1, Phase D 2)");
    expect(out).toMatch(/dose=10000\.0, view=dense, split=train: listed in the manifest as .*found as train\.npz/);
    expect(out).toMatch(/would refuse this: Phase C baseline NPZ not found: \S+patched_train\.npz\. Expected/);
    const allowed = ["--allow-missing-phase-c", "--allow-missing-phase-d"];
    expect((await plan("--data-root", root, ...allowed)).out).not.toContain("would refuse");
  });
  it("--json is one object under its schema", async () => {
    const { code, out } = await plan("--data-root", root, "--dose", "10000", "--view", "dense", "--json");
    expect(code).toBe(0);
    const record = studyPlanSchema.parse(JSON.parse(out));
    expect(record.totals).toMatchObject({ selected: 2, filtered: 13, missing: 3, total_jobs: 15 });
    expect(record.cells[7]).toMatchObject({
      dose: 10000,
      view: "dense",
      split: "train",
      status: "selected",
      reason: null,
      input_npz: view(10000, "dense/train.npz"),
      notes: [{ code: "moved" }],
    });
    expect(record.training_manifest).toBe(join(root, "phase_e/training_manifest.json"));
  });
});

describe("where a study is", () => {
  it.each(["windows", "relative", "early"])("--training-manifest of the form %s with --data-root", async (form) => {
    const root = makeStudy(null);
    const manifest = put(join(folder, `${form}-${count++}.json`), manifestText(form));
    const made = await planStudy({ ...nothing, trainingManifest: manifest, dataRoot: root });
    expect(made.totals.selected).toBe(18);
    expect(made.cells.flatMap(({ notes }) => notes)).toEqual([]);
  });
  it("a manifest with losses that Python wrote as NaN", async () => {
    const made = await planStudy({ ...nothing, dataRoot: makeStudy("nan-loss") });
    expect(made.totals.selected).toBe(18);
    expect(made.manifest!.jobs).toHaveLength(1);
  });
  it("a relative manifest is read from where Phase E was started", async () => {
    const root = join(folder, `moved-${count++}`, "run");
    for (const file of studyFiles(root)) put(file);
    const trainingManifest = put(join(root, "phase_e/training_manifest.json"), manifestText("relative"));
    const made = await planStudy({ ...nothing, trainingManifest });
    expect(made.totals.selected).toBe(18);
    expect(made.roots.phaseC).toBe(join(root, "phase_c"));
  });
  it("relative flags start at the working folder; two roots need no manifest", async () => {
    const root = makeStudy(null);
    const files = { ...nodeStudyFiles, kindOf: nodeStudyFiles.kindOf, workingFolder: dirname(root) };
    const name = root.split("/").at(-1)!;
    const roots = { phaseCRoot: `${name}/phase_c`, phaseDRoot: `./${name}/phase_d`, artifactRoot: "out" };
    const made = await planStudy({ ...nothing, ...roots }, files);
    expect(made.totals.selected).toBe(18);
    expect(made.jobs[0]).toMatchObject({
      inputNpz: join(root, "phase_c/dose_1000/patched_train.npz"),
      outputDir: join(dirname(root), "out/dose_1000/baseline/train"),
    });
    expect(made.manifestPath).toBeNull();
  });
  it("links count as what they lead to; a folder or a dead link is missing", async () => {
    const root = makeStudy();
    const at = (name: string) => join(root, "phase_d/dose_1000/dense", name);
    renameSync(at("dense_train.npz"), at("elsewhere.npz"));
    symlinkSync(at("elsewhere.npz"), at("dense_train.npz"));
    rmSync(at("dense_test.npz"));
    symlinkSync(at("nowhere.npz"), at("dense_test.npz"));
    rmSync(join(root, "phase_c/dose_1000/patched_test.npz"));
    mkdirSync(join(root, "phase_c/dose_1000/patched_test.npz"));
    const made = await planStudy({ ...nothing, dataRoot: root });
    expect(made.totals).toMatchObject({ selected: 16, missingPhaseC: 1, missingPhaseD: 1 });
  });
  it("roots that are no folders are named, with the way out", async () => {
    const trainingManifest = put(join(folder, "lost.json"), manifestText("dry-run"));
    const { code, out } = await plan("--training-manifest", trainingManifest);
    expect(code).toBe(0);
    expect(out).toContain("18 cells: 0 selected, 0 filtered, 18 missing (Phase C 6, Phase D 12)");
    expect(out).toContain("the Phase C root is not a folder here: /home/elsewhere/run/phase_c");
    expect(out).toMatch(/was the manifest written elsewhere\? --data-root DIR/);
  });
  it("--design gives another grid", async () => {
    const root = makeStudy();
    const design = put(
      join(folder, "design.json"),
      '{"dose_list": [1000], "overlap_views": {"dense": 0.7, "sparse": 0.2}}',
    );
    const { out } = await plan("--data-root", root, "--design", design);
    expect(out).toContain("6 cells: 6 selected, 0 filtered, 0 missing");
  });
  it("plans leave no trace", async () => {
    const root = makeStudy();
    const before = readdirSync(root, { recursive: true }).sort();
    await plan("--data-root", root, "--artifact-root", join(root, "new"));
    expect(readdirSync(root, { recursive: true }).sort()).toEqual(before);
  });
});

describe("refusals", () => {
  const root = makeStudy();
  it.each([
    [["--gridsize", "3"], "--gridsize: not a valid value (expected 1 or 2, got 3)"],
    [["--gridsize", "x"], "expected 1 or 2"],
    [["--dose", "much"], "a positive number"],
    [["--dose="], "--dose"],
    [["--split", "both"], "train or test"],
    [["--view", "dence"], "Did you mean dense?"],
    [["--max-jobs", "0"], "an integer of at least 1"],
    [["--seed", "-1"], "an integer from 0 to 4294967295"],
    [["--seed", "1.5"], "an integer from 0"],
    [["--veiw", "dense"], "Did you mean --view?"],
    [["extra"], "arguments without a flag"],
  ])("%j is exit 2", async (argv, text) => {
    expect(await plan("--data-root", root, ...argv)).toMatchObject({ code: 2, err: expect.stringContaining(text) });
  });
  it("nothing that says where the study is", async () => {
    expect(await plan()).toMatchObject({ code: 2, err: expect.stringContaining("--phase-c-root is needed") });
  });
  it("a manifest that is not there, or a folder", async () => {
    expect((await plan("--training-manifest", join(folder, "none.json"))).code).toBe(66);
    expect((await plan("--training-manifest", root)).code).toBe(66);
  });
  it.each([
    ["D1", "no JSON", '{\n  "jobs": [}', /line 2, column 12.*MANIFEST_SYNTAX/],
    ["D1", "a byte order mark", "\ufeff{}", /byte order mark.*MANIFEST_SYNTAX/],
    ["D1", "no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), /UTF-8.*MANIFEST_SYNTAX/],
    ["D1", "50 MB", new Uint8Array(50e6).fill(0x20), /too large.*MANIFEST_SYNTAX/],
    ["D1", "depth 10,000", "[".repeat(1e4), /64 levels.*MANIFEST_SYNTAX/],
    ["D2", "a key twice", '{"jobs": [], "jobs": []}', /jobs: the same key twice.*MANIFEST_KEY/],
    ["D3", "__proto__", '{"jobs": [], "__proto__": {}}', /__proto__.*MANIFEST_KEY/],
    ["D4", "a number too large", '{"jobs": [{"dose": 1e999}]}', /jobs\[0\]\.dose.*got Infinity.*MANIFEST_VALUE/],
    ["D9", "a newer version", '{"schema_version": "2.0"}', /schema_version.*MANIFEST_VERSION/],
  ])("%s: a manifest with %s is exit 78 and names the file", async (_, name, content, text) => {
    const path = put(join(folder, `wrong ${name}.json`), content);
    const { code, err } = await plan("--training-manifest", path);
    expect(code).toBe(78);
    expect(err).toMatch(text);
    expect(err).toContain(path);
  });
  it("D2, D4: a wrong design is exit 78 and names the file", async () => {
    const path = put(join(folder, "wrong-design.json"), '{"dose_list": []}');
    expect(await plan("--data-root", root, "--design", path)).toMatchObject({
      code: 78,
      err: expect.stringContaining("dose_list must not be empty"),
    });
  });
  it("an unknown command of the study, and none", async () => {
    expect(await run("study", "plam")).toMatchObject({ code: 2, err: expect.stringContaining("Did you mean plan?") });
    expect(await run("study")).toMatchObject({ code: 2, err: expect.stringContaining("ptycho study --help") });
  });
  it("help of the study and of its commands", async () => {
    expect((await run("study", "--help")).out).toContain("plan ");
    for (const argv of [
      ["study", "plan", "--help"],
      ["help", "study", "plan"],
    ]) {
      const { code, out } = await run(...argv);
      expect(code).toBe(0);
      expect(out).toContain("--allow-missing-phase-c");
    }
  });
});

it("planning does not load the GPU library", () => {
  const script = `
    import { main } from "./dist/src/node/cli.js";
    let out = "";
    const io = { stdout: (text) => { out += text; }, stderr: console.error, interactive: false };
    const code = await main(["study", "plan", "--data-root", process.argv[1]], io);
    const loaded = process.report.getReport().sharedObjects.filter((name) => /dawn|vulkan/.test(name));
    console.log(JSON.stringify([code, out.includes("18 selected"), loaded]));`;
  const argv = ["--input-type=module", "-e", script, makeStudy()];
  const out = execFileSync(process.execPath, argv, { cwd: join(import.meta.dirname, "../.."), encoding: "utf8" });
  expect(JSON.parse(out)).toEqual([0, true, []]);
});
