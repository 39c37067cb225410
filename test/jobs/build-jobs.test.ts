// Every cell is selected, filtered or missing; the study's counts, order and texts (study.md sections 5.1 to 5.4).

import { describe, expect, it } from "vitest";
import { assertInputsPresent } from "../../src/jobs/build-jobs.ts";
import { parseDesign } from "../../src/jobs/design.ts";
import { parseManifest } from "../../src/jobs/manifest.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { manifestJson, planOf, readFixture, studyFiles, without } from "../support/study-folders.ts";

const all = studyFiles("/data");
const at = (plan: ReturnType<typeof planOf>, dose: number, view: string, split: string) =>
  plan.cells.find((cell) => cell.dose === dose && cell.view === view && cell.split === split)!;
const codes = (cell: { notes: readonly { code: string }[] }) => cell.notes.map(({ code }) => code);

describe("counts of section 5.4", () => {
  it.each([
    ["dose 1000 + dense + train", all, { dose: 1000, view: "dense", split: "train" }, 1, 17, 0, 18],
    ["dose 1000 + dense", all, { dose: 1000, view: "dense" }, 2, 16, 0, 18],
    ["sparse absent", without(all, "sparse"), {}, 12, 6, 6, 12],
    ["sparse absent, filters", without(all, "sparse"), { dose: 1000, view: "sparse", split: "train" }, 0, 18, 6, 12],
  ] as const)("%s", (_, files, filters, selected, skipped, missing, totalJobs) => {
    for (const manifest of [null, readFixture("dry-run")]) {
      const plan = planOf({ files, filters, manifest });
      expect(plan.totals).toMatchObject({
        cells: 18,
        selected,
        skipped,
        missing,
        totalJobs,
        filtered: skipped - missing,
      });
      expect(plan.jobs).toHaveLength(selected);
      expect(plan.cells).toHaveLength(18);
    }
  });
});

describe("cells", () => {
  it("a missing baseline takes no sibling along", () => {
    const plan = planOf({ files: without(all, "dose_1000/patched_train") });
    expect(plan.totals).toMatchObject({ selected: 17, missing: 1, missingPhaseC: 1, missingPhaseD: 0 });
    expect(at(plan, 1000, "dense", "train").status).toBe("selected");
  });
  it("the recorded case: four jobs of eighteen, the rest accounted for", () => {
    const files = [...all].filter((file) => /dose_1000\//.test(file) && !file.includes("sparse"));
    expect(planOf({ files }).totals).toMatchObject({ selected: 4, missing: 14, missingPhaseC: 4, missingPhaseD: 10 });
  });
  it("missing wins over filtered", () => {
    const cell = at(planOf({ files: without(all, "sparse"), filters: { view: "dense" } }), 1000, "sparse", "train");
    expect(cell).toMatchObject({
      status: "missing",
      filter: null,
      inputNpz: null,
      reason: "Phase D overlap NPZ not found (checked sparse_train.npz and train.npz)",
    });
    expect(cell.lookedFor).toEqual([
      "/data/phase_d/dose_1000/sparse/sparse_train.npz",
      "/data/phase_d/dose_1000/sparse/train.npz",
    ]);
  });
  it("texts of missing baselines", () => {
    const plan = planOf({ files: without(all, "phase_c/dose_10000/patched_test") });
    expect(at(plan, 10000, "baseline", "test").reason).toBe(
      "Phase C baseline NPZ not found: /data/phase_c/dose_10000/patched_test.npz",
    );
  });
  it("the first filter rejects: dose, view, split, gridsize", () => {
    const filters = { dose: 1000, view: "dense", split: "train", gridsize: 1 } as const;
    const plan = planOf({ files: all, filters });
    expect(plan.totals).toMatchObject({ selected: 0, filtered: 18 });
    expect(at(plan, 10000, "sparse", "test").reason).toBe("dose filter (requested: 1000.0)");
    expect(at(plan, 1000, "sparse", "test").reason).toBe("view filter (requested: dense)");
    expect(at(plan, 1000, "dense", "test").reason).toBe("split filter (requested: train)");
    expect(at(plan, 1000, "dense", "train").reason).toBe("gridsize filter (requested: 1)");
    expect(plan.filterSteps).toEqual([
      { name: "dose", requested: "1000.0", before: 18, after: 6 },
      { name: "view", requested: "dense", before: 6, after: 2 },
      { name: "split", requested: "train", before: 2, after: 1 },
      { name: "gridsize", requested: "1", before: 1, after: 0 },
    ]);
  });
  it("gridsize 1 is the baseline, 2 the views", () => {
    const views = (gridsize: 1 | 2) =>
      new Set(planOf({ files: all, filters: { gridsize } }).jobs.map(({ view }) => view));
    expect([...views(1)]).toEqual(["baseline"]);
    expect([...views(2)]).toEqual(["dense", "sparse"]);
  });
  it("max-jobs cuts the list in the open, after the other filters", () => {
    const plan = planOf({ files: without(all, "dose_1000/dense"), filters: { view: "dense", maxJobs: 1 } });
    expect(plan.jobs.map(({ outputDir }) => outputDir)).toEqual(["/data/phase_f/dose_10000/dense/train"]);
    expect(at(plan, 10000, "dense", "test").reason).toBe("max-jobs filter (requested: 1)");
    expect(plan.totals).toMatchObject({ selected: 1, filtered: 15, missing: 2 });
    expect(plan.filterSteps.at(-1)).toEqual({ name: "max-jobs", requested: "1", before: 4, after: 1 });
  });
  it("jobs carry what a worker needs", () => {
    const [job] = planOf({
      files: all,
      filters: { dose: 1000, view: "sparse", split: "test" },
      settings: { baseSeed: 5, numEpochs: 20 },
    }).jobs;
    expect(job).toEqual({
      dose: 1000,
      view: "sparse",
      split: "test",
      gridsize: 2,
      inputNpz: "/data/phase_d/dose_1000/sparse/sparse_test.npz",
      outputDir: "/data/phase_f/dose_1000/sparse/test",
      algorithm: "LSQML",
      numEpochs: 20,
      seed: job!.seed,
      cliArgs: [
        ...["ptycho", "reconstruct", "/data/phase_d/dose_1000/sparse/sparse_test.npz"],
        ...["--output", "/data/phase_f/dose_1000/sparse/test", "--epochs", "20", "--seed", String(job!.seed)],
      ],
    });
  });
  it("another design has another grid", () => {
    const design = parseDesign({ dose_list: [7], overlap_views: { wide: 0.5 } });
    expect(planOf({ files: studyFiles("/data", design), design }).totals).toMatchObject({ cells: 4, selected: 4 });
  });
});

describe("file names and places", () => {
  const view = "/data/phase_d/dose_1000/dense";
  it("without a manifest <view>_<split>.npz comes first, then <split>.npz; a second file is named", () => {
    const both = planOf({ files: [...all, `${view}/train.npz`] });
    expect(at(both, 1000, "dense", "train").inputNpz).toBe(`${view}/dense_train.npz`);
    expect(at(both, 1000, "dense", "train").notes).toEqual([
      { code: "both-names", message: `${view}/train.npz is there too and is not used` },
    ]);
    const short = planOf({ files: [...without(all, `${view}/dense_train`), `${view}/train.npz`] });
    expect(at(short, 1000, "dense", "train")).toMatchObject({ inputNpz: `${view}/train.npz`, notes: [] });
  });
  it("the manifest's name wins when both are there", () => {
    const plan = planOf({ files: [...all, `${view}/train.npz`], manifest: readFixture("success") });
    expect(at(plan, 1000, "dense", "train").inputNpz).toBe(`${view}/train.npz`);
  });
  it("listed, but under the other name", () => {
    const files = [...without(all, `${view}/dense_train`), `${view}/train.npz`];
    const cell = at(planOf({ files, manifest: readFixture("dry-run") }), 1000, "dense", "train");
    expect(cell).toMatchObject({ status: "selected", inputNpz: `${view}/train.npz` });
    expect(cell.notes).toEqual([
      {
        code: "moved",
        message:
          "listed in the manifest as /home/elsewhere/run/phase_d/dose_1000/dense/dense_train.npz, found as train.npz",
      },
    ]);
  });
  it("listed and absent says so", () => {
    const cell = at(
      planOf({ files: without(all, "sparse"), manifest: readFixture("dry-run") }),
      1000,
      "sparse",
      "test",
    );
    expect(cell.status).toBe("missing");
    expect(codes(cell)).toEqual(["listed-absent"]);
  });
  it("present, but unlisted: selected, with the manifest's own reason", () => {
    const plan = planOf({ files: all, manifest: readFixture("success") });
    expect(plan.totals.selected).toBe(18);
    expect(codes(at(plan, 1000, "dense", "train"))).toEqual(["moved"]);
    expect(at(plan, 1000, "sparse", "train").notes[0]).toMatchObject({
      code: "unlisted",
      message: expect.stringContaining("Phase E skipped it (NPZ files not found"),
    });
    expect(at(plan, 1000, "baseline", "train").notes[0]!.message).toMatch(/Phase E ran with --view dense$/);
    expect(at(plan, 10000, "dense", "train").notes[0]!.message).toMatch(/Phase E ran with --dose 1000\.0$/);
  });
  it("absent and unlisted: missing, with the manifest's own reason", () => {
    const plan = planOf({ files: without(all, "sparse"), manifest: readFixture("success") });
    expect(at(plan, 1000, "sparse", "train")).toMatchObject({
      status: "missing",
      notes: [{ code: "unlisted-absent" }],
    });
  });
  it("a baseline under the Phase D root, as the manifest names it", () => {
    const moved = [...all].map((file) => (file.includes("phase_c") ? file.replace("phase_c", "phase_d") : file));
    const manifest = readFixture("baseline-under-phase-d");
    const plan = planOf({ files: moved, manifest });
    expect(plan.totals.selected).toBe(18);
    const cell = at(plan, 10000, "baseline", "test");
    expect(cell.inputNpz).toBe("/data/phase_d/dose_10000/patched_test.npz");
    expect(codes(cell)).toEqual(["unusual-place"]);
    expect(planOf({ files: moved }).totals).toMatchObject({ selected: 12, missingPhaseC: 6 });
    const usual = at(planOf({ files: all, manifest }), 10000, "baseline", "test");
    expect(usual.inputNpz).toBe("/data/phase_c/dose_10000/patched_test.npz");
    expect(codes(usual)).toEqual(["moved"]);
  });
  it("a folder or a locked folder is not a file", () => {
    const files = without(all, `${view}/dense_train`, "dose_1000/patched_test");
    const others = {
      [`${view}/dense_train.npz`]: "folder",
      "/data/phase_c/dose_1000/patched_test.npz": "unreadable",
    } as const;
    const plan = planOf({ files, others });
    expect(at(plan, 1000, "dense", "train")).toMatchObject({
      status: "missing",
      notes: [{ code: "not-a-file", message: `${view}/dense_train.npz is a folder` }],
    });
    expect(at(plan, 1000, "baseline", "test").notes[0]!.message).toMatch(/cannot be looked at$/);
  });
  it("a failed training explains and does not classify", () => {
    const cell = at(planOf({ files: all, manifest: readFixture("failed") }), 1000, "baseline", "train");
    expect(cell).toMatchObject({ status: "selected", notes: [{ code: "training-failed" }] });
  });
});

describe("manifest and design", () => {
  it("a view that the design lacks is refused", async () => {
    const json = manifestJson("dry-run");
    json.jobs[1].view = "dence";
    const attempt = () => planOf({ files: all, manifest: parseManifest(json, "m.json") });
    await expectRefusal(
      attempt,
      "MANIFEST_VALUE",
      [/m\.json: jobs\[1\]\.view: unknown view/, /Did you mean dense/],
      78,
    );
  });
  it("doses that the design lacks are named", () => {
    const design = parseDesign({ dose_list: [1000] });
    const plan = planOf({ files: all, manifest: readFixture("dry-run"), design, filters: { dose: 500 } });
    expect(plan.notes.join("\n")).toMatch(/lists dose 10000\.0.*\n.*lists dose 100000\.0.*\n.*no dose 500\.0/);
    expect(plan.totals).toMatchObject({ cells: 6, filtered: 6 });
  });
});

describe("strict mode", () => {
  const plan = planOf({ files: without(all, "dose_1000/patched_train", "dose_1000/sparse/sparse_test") });
  const check = (phaseC: boolean, phaseD: boolean) => () => assertInputsPresent(plan, { phaseC, phaseD });
  it("D7: the whole plan is looked at, the first and all others named", async () => {
    const error = await expectRefusal(check(false, false), "INPUT_MISSING", [], 66);
    expect(error.message).toContain(
      "Phase C baseline NPZ not found: /data/phase_c/dose_1000/patched_train.npz. Expected from Phase C patching.",
    );
    expect(error.message).toContain("Also missing: /data/phase_d/dose_1000/sparse/sparse_test.npz");
    expect(error.message).toMatch(/--allow-missing-phase-c and --allow-missing-phase-d/);
  });
  it("each flag forgives its own phase only", async () => {
    await expectRefusal(check(false, true), "INPUT_MISSING", [/^Phase C baseline/], 66);
    const error = await expectRefusal(check(true, false), "INPUT_MISSING", [], 66);
    expect(error.message).toContain(
      "Phase D overlap NPZ not found: /data/phase_d/dose_1000/sparse/sparse_test.npz. Expected from Phase D overlap filtering.",
    );
    check(true, true)();
  });
  it("does not care about filters", async () => {
    const filtered = planOf({ files: without(all, "dose_1000/sparse/sparse_test"), filters: { view: "dense" } });
    const attempt = () => assertInputsPresent(filtered, { phaseC: true, phaseD: false });
    await expectRefusal(attempt, "INPUT_MISSING", ["sparse_test"], 66);
  });
});
