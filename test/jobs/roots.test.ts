// Manifests that come from elsewhere: which folder stands for which, and where each listed path is here.

import { describe, expect, it } from "vitest";
import { parseManifest } from "../../src/jobs/manifest.ts";
import { rebasePath, resolveRoots } from "../../src/jobs/roots.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import {
  type AnyJson,
  lookupOf,
  manifestJson,
  noChoices,
  planOf,
  readFixture,
  studyFiles,
} from "../support/study-folders.ts";

const nothing = lookupOf([]);
const inputs = (plan: ReturnType<typeof planOf>) => plan.cells.map(({ inputNpz }) => inputNpz);
const atDisk = inputs(planOf({ files: studyFiles("/data") }));

describe("a manifest from another machine", () => {
  it.each(["dry-run", "early", "windows", "relative"])("%s with --data-root", (name) => {
    const plan = planOf({ files: studyFiles("/data"), manifest: readFixture(name) });
    expect(inputs(plan)).toEqual(atDisk);
    expect(plan.cells.flatMap(({ notes }) => notes)).toEqual([]);
    expect(plan.roots).toMatchObject({ phaseC: "/data/phase_c", phaseD: "/data/phase_d", artifact: "/data/phase_f" });
  });
  it("its own absolute roots count without --data-root", () => {
    const files = studyFiles("/home/elsewhere/run");
    const plan = planOf({ files, manifest: readFixture("dry-run"), choices: { dataRoot: null } });
    expect(plan.totals.totalJobs).toBe(18);
    expect(plan.roots.artifact).toBe("/home/elsewhere/run/phase_f");
    expect(plan.cells[0]!.inputNpz).toBe("/home/elsewhere/run/phase_c/dose_1000/patched_train.npz");
  });
  it("a file that is still at its old place is not taken once the roots moved", () => {
    const files = studyFiles("/home/elsewhere/run");
    expect(planOf({ files, manifest: readFixture("dry-run") }).totals.missing).toBe(18);
  });
  it("explicit roots win over --data-root, and the manifest's paths follow them", () => {
    const files = ["/c/dose_1000/patched_train.npz", "/data/phase_c/dose_1000/patched_train.npz"];
    const plan = planOf({
      files,
      manifest: readFixture("dry-run"),
      choices: { phaseCRoot: "/c", artifactRoot: "/out" },
    });
    expect(plan.cells[0]).toMatchObject({
      inputNpz: "/c/dose_1000/patched_train.npz",
      outputDir: "/out/dose_1000/baseline/train",
    });
    expect(plan.roots).toMatchObject({ phaseC: "/c", phaseD: "/data/phase_d" });
  });
  it("roots and files may be stated differently", () => {
    const mixed = (change: (json: AnyJson) => void) => {
      const json = manifestJson("dry-run");
      change(json);
      return inputs(planOf({ files: studyFiles("/data"), manifest: parseManifest(json) }));
    };
    expect(mixed((json) => (json.phase_c_root = "run/phase_c"))).toEqual(atDisk);
    expect(mixed((json) => (json.jobs[0].train_data_path = "run/phase_c/dose_1000/patched_train.npz"))).toEqual(atDisk);
    expect(mixed((json) => (json.phase_c_root = "/home/elsewhere/run/"))).toEqual(atDisk);
  });
  it("nested roots: the longest one counts first", () => {
    const json = manifestJson("dry-run");
    json.phase_c_root = "/home/elsewhere";
    const roots = resolveRoots(parseManifest(json), { ...noChoices, dataRoot: "/data" }, nothing);
    expect(rebasePath("/home/elsewhere/run/phase_d/dose_1/x.npz", roots)).toEqual([
      "/data/phase_d/dose_1/x.npz",
      "/data/phase_c/run/phase_d/dose_1/x.npz",
    ]);
    expect(rebasePath("/home/elsewhere/run/phase_e/x", roots)[0]).toBe("/data/phase_e/x");
    expect(rebasePath("/somewhere/x.npz", roots)).toEqual(["/somewhere/x.npz"]);
  });
});

describe("relative paths", () => {
  const manifest = readFixture("relative");
  const choices = { ...noChoices, manifestFolder: "/home/me/run/phase_e", workingFolder: "/work" };
  it.each([
    ["the folder where Phase E was started", "/home/me"],
    ["the manifest's own folder", "/home/me/run/phase_e"],
    ["the working folder", "/work"],
  ])("are read from %s when the files are there", (_, base) => {
    const roots = resolveRoots(manifest, choices, lookupOf(studyFiles(`${base}/run`)));
    expect(roots).toMatchObject({ base, phaseC: `${base}/run/phase_c`, phaseD: `${base}/run/phase_d` });
  });
  it("are read from where Phase E was started when nothing is anywhere", () => {
    expect(resolveRoots(manifest, choices, nothing).base).toBe("/home/me");
  });
  it("with dots, as seen from the manifest's folder", () => {
    const json = manifestJson("relative");
    const text = JSON.stringify(json).replaceAll('"run/', '"../');
    const roots = resolveRoots(parseManifest(JSON.parse(text)), choices, lookupOf(studyFiles("/home/me/run")));
    expect(roots.phaseC).toBe("/home/me/run/phase_c");
  });
});

describe("without a manifest", () => {
  it("two roots build the same grid", () => {
    const choices = { dataRoot: null, phaseCRoot: "/data/phase_c", phaseDRoot: "/data/phase_d", manifestFolder: null };
    const plan = planOf({ files: studyFiles("/data"), choices });
    expect(inputs(plan)).toEqual(atDisk);
    expect(plan.roots.artifact).toBe("/data/phase_f");
  });
  it("one root alone is refused by the other's name", async () => {
    const choices = { ...noChoices, manifestFolder: null, phaseCRoot: "/c" };
    await expectRefusal(() => resolveRoots(null, choices, nothing), "CLI_USAGE", ["--phase-d-root"], 2);
    const other = { ...noChoices, manifestFolder: null, phaseDRoot: "/d" };
    await expectRefusal(() => resolveRoots(null, other, nothing), "CLI_USAGE", ["--phase-c-root"], 2);
  });
});
