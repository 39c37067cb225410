// `ptycho study generate` at small scale: the whole tree, read back by the reader, byte for byte again in parts.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDataset } from "../../src/data/contract.ts";
import { numericArray } from "../../src/data/npy-encode.ts";
import { openNpz } from "../../src/data/npz.ts";
import { writeNpz } from "../../src/data/write-npz.ts";
import { main } from "../../src/node/cli.ts";
import { describeError, exitCodeOf } from "../../src/node/command.ts";
import { fileAccess, nodeReaderTools } from "../../src/node/file-access.ts";
import { generateCommand } from "../../src/node/study/generate-command.ts";
import { generateRecordSchema, readGenerateRecord } from "../../src/node/study/generate-record.ts";
import { readRecipe, regeneratePhaseC, regeneratePhaseD } from "../../src/node/study/regenerate.ts";
import { parseOptions } from "../../src/options.ts";
import { createStandInBase } from "../../src/study/base.ts";
import { studyDoses, studyScales, studySplits, studyViews } from "../../src/study/design.ts";
import { doseName, studyLayout } from "../../src/study/layout.ts";
import { metadataOf } from "../support/study-npz.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-study-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "study");
const at = (path: string) => join(root, path);

async function generate(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const io = { stdout: (text: string) => (out += text), stderr: (text: string) => (err += text), interactive: false };
  try {
    return { code: await generateCommand.run(argv, io as never), out, err };
  } catch (error) {
    return { code: exitCodeOf(error), out, err: err + describeError(error, false) };
  }
}

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
const listFiles = (under: string) =>
  readdirSync(under, { recursive: true, withFileTypes: true, encoding: "utf8" })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(under, join(entry.parentPath, entry.name)))
    .sort();

async function metadataAt(path: string): Promise<Record<string, unknown>> {
  const access = await fileAccess(path);
  try {
    return await metadataOf(await openNpz(access));
  } finally {
    await access.close();
  }
}

const cells = studyDoses.flatMap((dose) =>
  studySplits.flatMap((split) => [
    { dose, view: "baseline", split, path: studyLayout.splitFile(dose, split) },
    ...studyViews.map((view) => ({ dose, view, split, path: studyLayout.viewFile(dose, view, split) })),
  ]),
);

beforeAll(async () => {
  const { code, err, out } = await generate("--output-root", root, "--scale", "small", "--json");
  expect(err).not.toContain("[");
  expect(code).toBe(0);
  generateRecordSchema.parse(JSON.parse(out));
});

describe("the tree", () => {
  it("holds what the run consumes, and nothing else", () => {
    const perDose = studyDoses.flatMap((dose) => [
      ...studySplits.map((split) => studyLayout.splitFile(dose, split)),
      ...studyViews.flatMap((view) => [
        `phase_d/${doseName(dose)}/${view}/metrics_bundle.json`,
        `phase_d/${doseName(dose)}/${view}/train_metrics.json`,
        `phase_d/${doseName(dose)}/${view}/test_metrics.json`,
        `phase_d/${doseName(dose)}/${view}/${view}_train.npz`,
        `phase_d/${doseName(dose)}/${view}/${view}_test.npz`,
        `metrics/${doseName(dose)}/${view}.json`,
      ]),
    ]);
    const manifests = [
      "phase_c/run_manifest.json",
      "phase_d/overlap_manifest.json",
      "phase_e/training_manifest.json",
      "phase_e/skip_summary.json",
      "generate.json",
    ];
    expect(listFiles(root)).toEqual([...perDose, ...manifests].sort());
  });

  it.each(cells)("$path is a scan of at least 200 positions without a warning", async (cell) => {
    const dataset = await readDataset(await fileAccess(at(cell.path)), parseOptions({}).data, nodeReaderTools());
    try {
      expect(dataset.patterns.count).toBeGreaterThanOrEqual(200);
      expect([dataset.patterns.heightPx, dataset.patterns.widthPx]).toEqual([64, 64]);
      expect(dataset.patterns.quantity).toBe("amplitude");
      expect(dataset.object?.shape).toEqual([1, 232, 232]);
      expect(dataset.notes.filter(({ level }) => level === "warning")).toEqual([]);
      const { physics_parameters: physics } = (await metadataAt(at(cell.path))) as { physics_parameters: object };
      expect(physics).toMatchObject({ nphotons: cell.dose, N: 64 });
    } finally {
      await dataset.patterns.close();
    }
  });

  it("views have the chosen rule's metadata and their metrics beside them, bundled and copied", async () => {
    for (const view of studyViews) {
      const metrics = Object.fromEntries(
        studySplits.map((split) => [split, json(at(studyLayout.viewMetrics(1000, view, split)))]),
      );
      expect(json(at(studyLayout.viewBundle(1000, view)))).toEqual(metrics);
      expect(json(at(studyLayout.artifactBundle(1000, view)))).toEqual(metrics);
      const metadata = await metadataAt(at(studyLayout.viewFile(1000, view, "train")));
      expect(metadata).toMatchObject({ s_img: metrics.train.s_img, gridsize: metrics.train.gridsize });
      expect(metadata).not.toHaveProperty("selection_strategy");
      const steps = metadata.data_transformations as { parameters: { parent_file?: string } }[];
      expect(steps.at(-1)!.parameters.parent_file).toBe("phase_c/dose_1000/patched_train.npz");
    }
  });

  it("the record's hashes and sizes are the files'", async () => {
    const record = (await readGenerateRecord(root))!;
    expect(record.files.length).toBe(listFiles(root).length - 1);
    for (const file of record.files) expect(hash(at(file.path))).toBe(file.sha256);
    expect(record).toMatchObject({ scale: "small", view_rule: "v2", seeds: { simulation: 42 }, rejected_views: [] });
  });
});

describe("manifests", () => {
  it("run and overlap manifests name every file", () => {
    const runs = json(at(studyLayout.runManifest));
    expect(Object.keys(runs)).toEqual(["dose_1000", "dose_10000", "dose_100000"]);
    expect(runs.dose_10000).toEqual({
      dose: 10000,
      train: at("phase_c/dose_10000/patched_train.npz"),
      test: at("phase_c/dose_10000/patched_test.npz"),
      intermediate_dir: at("phase_c/dose_10000"),
    });
    const overlaps = json(at(studyLayout.overlapManifest));
    expect(overlaps.dose_1000.views.sparse).toEqual({
      train: at("phase_d/dose_1000/sparse/sparse_train.npz"),
      test: at("phase_d/dose_1000/sparse/sparse_test.npz"),
      train_metrics: at("phase_d/dose_1000/sparse/train_metrics.json"),
      test_metrics: at("phase_d/dose_1000/sparse/test_metrics.json"),
      metrics_bundle: at("phase_d/dose_1000/sparse/metrics_bundle.json"),
    });
  });

  it("the training manifest is a dry run of nine jobs", () => {
    const manifest = json(at(studyLayout.trainingManifest));
    expect(Object.keys(manifest)).toEqual([
      "timestamp",
      "phase_c_root",
      "phase_d_root",
      "artifact_root",
      "filters",
      "dry_run",
      "jobs",
      "skipped_views",
      "skipped_count",
      "skip_summary_path",
    ]);
    expect(manifest).toMatchObject({ dry_run: true, skipped_views: [], skipped_count: 0 });
    expect(manifest.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
    const jobs = manifest.jobs as Record<string, unknown>[];
    expect(jobs.map(({ dose, view, gridsize }) => `${dose} ${view} gs${gridsize}`)).toEqual(
      studyDoses.flatMap((dose) => [`${dose} baseline gs1`, `${dose} dense gs2`, `${dose} sparse gs2`]),
    );
    for (const { result, ...job } of jobs) expect(result).toEqual({ ...job, dry_run: true });
    expect(jobs[1]).toMatchObject({
      train_data_path: at("phase_d/dose_1000/dense/dense_train.npz"),
      log_path: at("phase_e/dose_1000/dense/gs2/train.log"),
    });
  });

  it("after a move every data path is found again below the new root", async () => {
    const moved = join(folder, "moved");
    renameSync(root, moved);
    try {
      const manifest = json(join(moved, studyLayout.trainingManifest));
      for (const job of manifest.jobs as Record<string, string>[]) {
        for (const path of [job.train_data_path!, job.test_data_path!]) {
          expect(existsSync(path)).toBe(false);
          const tail = /(?:^|\/)(phase_[cd]\/.*)$/.exec(path)![1]!;
          expect(existsSync(join(moved, tail)), tail).toBe(true);
        }
      }
    } finally {
      renameSync(moved, root);
    }
  });
});

describe("the plan of the run", () => {
  it("selects all 18 cells from the training manifest, after a move with --data-root too", async () => {
    const plan = async (...argv: string[]) => {
      let out = "";
      const io = { stdout: (text: string) => (out += text), stderr: () => {}, interactive: false };
      expect(await main(["study", "plan", ...argv, "--artifact-root", join(folder, "f"), "--json"], io as never)).toBe(
        0,
      );
      return (JSON.parse(out).cells as { status: string }[]).map(({ status }) => status);
    };
    const selected = Array.from({ length: 18 }, () => "selected");
    expect(await plan("--training-manifest", at(studyLayout.trainingManifest))).toEqual(selected);
    const moved = join(folder, "moved");
    renameSync(root, moved);
    try {
      const manifest = join(moved, studyLayout.trainingManifest);
      expect(await plan("--training-manifest", manifest, "--data-root", moved)).toEqual(selected);
    } finally {
      renameSync(moved, root);
    }
  });
});

describe("again", () => {
  it("another folder gets the same bytes; another seed others", async () => {
    const again = join(folder, "again");
    const other = join(folder, "other");
    await generate("--output-root", again, "--scale", "small", "--dose", "10000");
    await generate("--output-root", other, "--scale", "small", "--dose=10000", "--seed", "43");
    const patterns = listFiles(again).filter((path) => path.endsWith(".npz"));
    expect(patterns.length).toBe(6);
    for (const path of patterns) {
      expect(hash(join(again, path)), path).toBe(hash(at(path)));
      expect(hash(join(other, path)), path).not.toBe(hash(at(path)));
    }
  });

  it("single files are made again as they were, from the record alone", async () => {
    const { recipe, viewRule } = (await readRecipe(root))!;
    expect({ recipe, viewRule }).toEqual({
      recipe: { basePath: null, scale: "small", seed: 42, withPatches: false },
      viewRule: "v2",
    });
    const split = { dose: 100000, split: "test", overwrite: false } as const;
    const phaseCPath = join(folder, "new", "elsewhere.npz");
    const written = await regeneratePhaseC({ ...split, path: phaseCPath, recipe });
    expect(written.sha256).toBe(hash(at(studyLayout.splitFile(100000, "test"))));
    for (const view of studyViews) {
      const path = join(folder, "new", `${view}.npz`);
      const { sha256, selection } = await regeneratePhaseD({ ...split, view, viewRule, path, phaseCPath });
      expect(sha256).toBe(hash(at(studyLayout.viewFile(100000, view, "test"))));
      expect(selection.metrics).toEqual(json(at(studyLayout.viewMetrics(100000, view, "test"))));
    }
  });

  it("nothing is replaced without --overwrite, and nothing is made before that is known", async () => {
    const before = hash(at("generate.json"));
    const refused = await generate("--output-root", root, "--scale", "small", "--dose", "500,1000");
    expect(refused).toMatchObject({ code: 74, err: expect.stringContaining("OUTPUT_EXISTS") });
    expect(existsSync(at("phase_c/dose_500"))).toBe(false);
    expect(hash(at("generate.json"))).toBe(before);
  });

  it("an interrupted file does not appear", async () => {
    const { recipe } = (await readRecipe(root))!;
    const path = join(folder, "stopped", "patched_train.npz");
    const stop = new AbortController();
    const onBytes = (_: string, bytes: number) => bytes > 1e6 && stop.abort();
    await expect(
      regeneratePhaseC({ path, dose: 1000, split: "train", recipe, overwrite: false, signal: stop.signal, onBytes }),
    ).rejects.toThrow("aborted");
    expect(existsSync(join(folder, "stopped"))).toBe(false);
  });
});

describe("choices", () => {
  it("v1 refuses views as crowded as these by name, keeps Phase C, and Phase E skips them", async () => {
    const target = join(folder, "v1");
    await generate("--output-root", target, "--scale", "small", "--dose", "1000");
    const { code, err } = await generate(
      ...["--output-root", target, "--scale", "small", "--dose", "1000", "--view-rule", "v1", "--overwrite"],
    );
    expect(code).toBe(65);
    for (const split of studySplits) {
      expect(err).toContain(
        `Insufficient positions meet spacing threshold for sparse view in ${split} split even after greedy downsampling`,
      );
    }
    // The v2 files of the first call are gone with their metrics.
    expect(listFiles(target).filter((path) => path.includes("sparse"))).toEqual([]);
    const manifest = json(join(target, studyLayout.trainingManifest));
    expect(manifest.skipped_views).toContainEqual({
      dose: 1000,
      view: "sparse",
      reason: expect.stringContaining("NPZ files not found (train=False, test=False). This is expected"),
    });
    expect(manifest.jobs.length + manifest.skipped_count).toBe(3);
    expect(json(join(target, studyLayout.skipSummary)).skipped_count).toBe(manifest.skipped_count);
    expect(json(join(target, studyLayout.overlapManifest)).dose_1000.views).not.toHaveProperty("sparse");
    expect(existsSync(join(target, studyLayout.splitFile(1000, "train")))).toBe(true);
    expect((await readGenerateRecord(target))!.rejected_views.map(({ view }) => view)).toContain("sparse");
  });

  it("a base of complex128 is taken, named and hashed", async () => {
    const { object, probe } = createStandInBase(studyScales.small);
    const wide = (array: typeof object) =>
      numericArray(
        "complex128",
        array.shape,
        Float64Array.from(array.data, (value) => value),
      );
    const path = join(folder, "base.npz");
    writeFileSync(
      path,
      writeNpz([
        ["objectGuess", wide(object)],
        ["probeGuess", wide(probe)],
      ]),
    );
    const target = join(folder, "based");
    const { code } = await generate("--output-root", target, "--base", path, "--scale", "small", "--dose", "1000");
    expect(code).toBe(0);
    const record = (await readGenerateRecord(target))!;
    expect(record.base).toEqual({ name: "base.npz", path, sha256: hash(path) });
    const metadata = await metadataAt(join(target, studyLayout.splitFile(1000, "test")));
    expect(metadata.additional_parameters).toMatchObject({ input_file: "base.npz", input_sha256: hash(path) });
  });

  it("a base that is none is refused before anything is written", async () => {
    const path = join(folder, "real.npz");
    const ones = (side: number) => numericArray("float64", [side, side], new Float64Array(side * side).fill(1));
    writeFileSync(
      path,
      writeNpz([
        ["objectGuess", ones(90)],
        ["probeGuess", ones(32)],
      ]),
    );
    const target = join(folder, "none");
    const call = await generate("--output-root", target, "--base", path);
    expect(call).toMatchObject({ code: 65, err: expect.stringContaining("objectGuess must be complex dtype") });
    expect((await generate("--output-root", target, "--base", "absent.npz")).code).toBe(66);
    expect(existsSync(target)).toBe(false);
  });

  it.each([
    [[], "an output root and nothing else is needed"],
    [["--output-root", "x", "--dose", "0"], "--dose"],
    [["--output-root", "x", "--dose", "1000,many"], "--dose"],
    [["--output-root", "x", "--dose"], "--dose"],
    [["--output-root", "x", "--scale", "tiny"], "full, small"],
    [["--output-root", "x", "--view-rule", "v3"], "v1, v2"],
    [["--output-root", "x", "--seed", "1.5"], "--seed"],
    [["--output-root", "x", "--sed", "1"], "--seed"],
  ])("wrong line %j is exit 2", async (argv, text) => {
    expect(await generate(...argv)).toMatchObject({ code: 2, err: expect.stringContaining(text) });
  });

  it("doses that share a folder are refused", async () => {
    const call = await generate("--output-root", join(folder, "twice"), "--dose", "1000.2", "--dose", "1000.9");
    expect(call).toMatchObject({ code: 78, err: expect.stringContaining("dose_1000") });
  });

  it("help names every flag", () => {
    for (const flag of ["output-root", "base", "dose", "scale", "view-rule", "seed", "with-patches", "overwrite"]) {
      expect(generateCommand.help()).toContain(`--${flag}`);
    }
  });
});
