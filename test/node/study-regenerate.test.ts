// `study run --regenerate-missing`: makes what the selected cells lack and nothing else, byte for byte, and says so on
// record.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { lockFolder } from "../../src/node/folder-lock.ts";
import { snapshotFolder } from "../support/faulty-file-system.ts";
import { runHere } from "../support/run-here.ts";
import { eventsOf, readIndex, readManifest } from "../support/study-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-regenerate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, "data");
const at = (path: string) => join(data, path);
const design = join(folder, "design.json");
const [splitFile, viewFile] = ["phase_c/dose_1000/patched_test.npz", "phase_d/dose_1000/dense/dense_test.npz"];
let original: ReturnType<typeof snapshotFolder>;
let root: string;
let count = 0;

beforeAll(async () => {
  writeFileSync(design, '{"dose_list": [1000]}');
  const argv = ["--output-root", data, "--scale", "small", "--dose", "1000", "--seed", "7"];
  expect((await runHere("study", "generate", ...argv)).code).toBe(0);
  original = snapshotFolder(data);
});
beforeEach(() => {
  root = join(folder, `out ${count++}`);
});

/** A call whose first job has no room for its folder, so that only inputs are made. */
const regenerate = (...argv: string[]) => {
  const where = ["--data-root", data, "--artifact-root", root, "--design", design];
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "dose_1000"), "in the way");
  return runHere("study", "run", ...where, "--regenerate-missing", ...argv);
};
const made = () => readManifest(root).regenerated.map(({ path }) => path);
const remove = (...paths: string[]) => {
  for (const path of paths) rmSync(at(path));
};

it("a Phase C file and a view, the view from the new file; others are not touched", async () => {
  const kept = statSync(at("phase_c/dose_1000/patched_train.npz"), { bigint: true }).mtimeNs;
  remove(viewFile, splitFile);
  const { code, out } = await regenerate();
  expect(code).toBe(1);
  expect(out.split("\n").slice(0, 2)).toEqual([`made ${at(splitFile)}`, `made ${at(viewFile)}`]);
  expect(snapshotFolder(data)).toEqual(original);
  expect(statSync(at("phase_c/dose_1000/patched_train.npz"), { bigint: true }).mtimeNs).toBe(kept);
  const { regenerated, missing_jobs, total_jobs } = readManifest(root);
  expect({ missing_jobs, total_jobs }).toEqual({ missing_jobs: [], total_jobs: 6 });
  expect(regenerated).toEqual([
    { dose: 1000, view: "baseline", split: "test", path: at(splitFile), sha256: original![splitFile], seed: 7 },
    { dose: 1000, view: "dense", split: "test", path: at(viewFile), sha256: original![viewFile], seed: 7 },
  ]);
});

it("a view of a Phase C file that is there; programs are told too", async () => {
  remove(viewFile);
  const { out } = await regenerate("--json");
  expect(eventsOf(out)[0]).toMatchObject({ event: "regenerated", view: "dense", split: "test", seed: 7 });
  expect(snapshotFolder(data)).toEqual(original);
});

it("only what the filters select is made, and no other gap stands in the way", async () => {
  remove(viewFile, "phase_d/dose_1000/sparse/sparse_test.npz", "phase_c/dose_1000/patched_train.npz");
  expect((await regenerate("--view", "dense", "--split", "test")).code).toBe(74);
  expect(made()).toEqual([at(viewFile)]);
  expect(readManifest(root).missing_jobs).toHaveLength(2);
  expect((await regenerate("--split", "test", "--max-jobs", "2")).code).toBe(1);
  expect(made()).toEqual([]);
  await regenerate("--split", "test", "--max-jobs", "3");
  expect(made()).toEqual([at("phase_d/dose_1000/sparse/sparse_test.npz")]);
  await regenerate();
  expect(made()).toEqual([at("phase_c/dose_1000/patched_train.npz")]);
  expect(snapshotFolder(data)).toEqual(original);
});

it("the Phase C file that a selected view is cut from is made too, whatever the filters", async () => {
  remove(viewFile, splitFile);
  const { code } = await regenerate("--view", "dense", "--split", "test");
  expect(code).toBe(74);
  expect(made()).toEqual([at(splitFile), at(viewFile)]);
  expect(snapshotFolder(data)).toEqual(original);
});

it("data that another process is writing: 75 with its holder, nothing is made; free again, it is", async () => {
  remove(viewFile);
  const held = await lockFolder(data);
  const busy = await regenerate("--view", "dense", "--split", "test");
  await held.release();
  expect(busy).toMatchObject({ code: 75, err: expect.stringMatching(/process \d+ on .*\[LOCK_HELD\]\n$/) });
  expect(busy.err).toContain(`process ${process.pid}`);
  expect([readdirSync(root), existsSync(at(viewFile))]).toEqual([["dose_1000"], false]);
  await regenerate("--view", "dense", "--split", "test");
  expect(made()).toEqual([at(viewFile)]);
  expect(snapshotFolder(data)).toEqual(original);
});

it("the data's own folder as artifact root is locked once", async () => {
  remove(viewFile);
  root = data;
  expect((await regenerate("--view", "dense", "--split", "test")).code).toBe(74);
  expect(made()).toEqual([at(viewFile)]);
  for (const name of readdirSync(data)) {
    if (!Object.keys(original!).some((path) => path.split("/")[0] === name)) rmSync(at(name), { recursive: true });
  }
  expect(snapshotFolder(data)).toEqual(original);
});

it("nothing is missing: nothing is made", async () => {
  await regenerate();
  expect(readManifest(root).regenerated).toEqual([]);
  expect(snapshotFolder(data)).toEqual(original);
});

it("a dry run says what it would make and makes nothing", async () => {
  remove(viewFile, splitFile);
  const { out } = await regenerate("--dry-run");
  expect(out).toContain(`note: would make ${at(splitFile)}\n`);
  expect(out).toContain(`note: would make ${at(viewFile)}\n`);
  expect([existsSync(at(splitFile)), existsSync(at(viewFile))]).toEqual([false, false]);
  expect(readManifest(root)).toMatchObject({ dry_run: true, total_jobs: 4, regenerated: [] });
  await regenerate();
  expect(snapshotFolder(data)).toEqual(original);
});

it("without generate.json a Phase C file is refused, 66, and nothing is left; a view can still be cut", async () => {
  renameSync(at("generate.json"), join(folder, "generate.json"));
  try {
    remove(viewFile, splitFile);
    const { code, err } = await regenerate();
    expect(code).toBe(66);
    expect(err).toMatch(/a Phase C file cannot be made again: nothing says how.*generate\.json.*\[STUDY_RECIPE\]\n$/);
    expect([readdirSync(root), existsSync(at(viewFile))]).toEqual([["dose_1000"], false]);
  } finally {
    renameSync(join(folder, "generate.json"), at("generate.json"));
  }
  await regenerate();
  renameSync(at("generate.json"), join(folder, "generate.json"));
  try {
    remove(viewFile);
    await regenerate();
    expect(readManifest(root).regenerated).toEqual([expect.objectContaining({ view: "dense", seed: null })]);
  } finally {
    renameSync(join(folder, "generate.json"), at("generate.json"));
  }
  expect(snapshotFolder(data)).toEqual(original);
});

it("another base than the study's is refused, 66", async () => {
  const text = readFileSync(at("generate.json"), "utf8");
  const record = JSON.parse(text);
  remove(splitFile);
  try {
    writeFileSync(at("generate.json"), JSON.stringify({ ...record, base: { ...record.base, sha256: "0".repeat(64) } }));
    expect(await regenerate()).toMatchObject({ code: 66, err: expect.stringContaining("the base is not the one") });
    writeFileSync(at("generate.json"), JSON.stringify({ ...record, base: { ...record.base, path: "/nowhere.npz" } }));
    expect(await regenerate()).toMatchObject({ code: 66, err: expect.stringContaining("/nowhere.npz") });
  } finally {
    writeFileSync(at("generate.json"), text);
  }
  await regenerate();
  expect(snapshotFolder(data)).toEqual(original);
});

it("a view that its rule refuses stays missing, and counts as such", async () => {
  const text = readFileSync(at("generate.json"), "utf8");
  const sparse = "phase_d/dose_1000/sparse/sparse_train.npz";
  remove(sparse, splitFile);
  try {
    writeFileSync(at("generate.json"), JSON.stringify({ ...JSON.parse(text), view_rule: "v1" }));
    const refused = await regenerate();
    expect(refused).toMatchObject({ code: 66, err: expect.stringContaining("sparse_train.npz") });
    expect(readManifest(root).regenerated).toEqual([expect.objectContaining({ path: at(splitFile) })]);
    expect(refused.out).toMatch(/note: \S+sparse_train\.npz cannot be made: .*Insufficient positions/);
    await regenerate("--allow-missing-phase-d");
    expect(readManifest(root).missing_jobs).toHaveLength(1);
  } finally {
    writeFileSync(at("generate.json"), text);
  }
  await regenerate();
  expect(snapshotFolder(data)).toEqual(original);
});

it("a signal while files are made: 143, none is half there, those that are whole are on record", async () => {
  remove(viewFile, splitFile);
  const earlier = process.listeners("SIGTERM");
  const ending = regenerate();
  let asked = false;
  const watch = setInterval(() => {
    const added = process.listeners("SIGTERM").find((listener) => !earlier.includes(listener));
    if (!added || asked || !existsSync(at(splitFile))) return;
    asked = true;
    added("SIGTERM");
  }, 1);
  const { code, err } = await ending;
  clearInterval(watch);
  expect(code, err).toBe(143);
  expect(readdirSync(at("phase_d/dose_1000/dense")).filter((name) => name.startsWith("."))).toEqual([]);
  expect(existsSync(at(viewFile))).toBe(false);
  expect(readManifest(root).regenerated).toEqual([expect.objectContaining({ path: at(splitFile), seed: 7 })]);
  expect(readIndex(root).runs[0]).toMatchObject({ status: "stopped" });
  expect(process.listeners("SIGTERM")).toEqual(earlier);
  await regenerate();
  expect(snapshotFolder(data)).toEqual(original);
});
