import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, describe, expect, test } from "vitest";
import { comparisonSchema } from "../../src/compare/comparison-record.ts";
import { metricsSummarySchema } from "../../src/compare/metrics-summary.ts";
import { complexZeros } from "../../src/complex.ts";
import type { NpyArray } from "../../src/data/npy-array.ts";
import { writeNpz } from "../../src/data/write-npz.ts";
import { main } from "../../src/node/cli.ts";
import type { CommandIo } from "../../src/node/command.ts";
import { compareStudyCell } from "../../src/node/study/compare-cell.ts";
import { compareCommand as studyCompareCommand } from "../../src/node/study/compare-command.ts";
import { fixturePath, readComplexMember, readVector } from "../compare/fixtures.ts";

const root = mkdtempSync(join(tmpdir(), "ptycho-compare-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const canvas = await readComplexMember("objects.npz", "reconstructed_object");
const truth = await readComplexMember("objects.npz", "truth_object");
const rows = await readVector("objects.npz", "ycoords");
const columns = await readVector("objects.npz", "xcoords");
const origin = await readVector("objects.npz", "canvas_origin_px");
const objects = fixturePath("objects.npz");

const float64 = (data: Float64Array, shape: readonly number[] = [data.length]): NpyArray => ({
  shape,
  dtype: "float64",
  data,
});
const complex = ({ shape, data }: { shape: readonly number[]; data: Float32Array }): NpyArray => ({
  shape,
  dtype: "complex64",
  data,
});
const text = (value: string): NpyArray => ({ shape: [], dtype: "str", data: [value] });

function put(path: string, content: Uint8Array | string): string {
  const full = join(root, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, content);
  return full;
}

/** A result as this program writes it. */
function ownResult(path: string, object = canvas): string {
  const positions = Float64Array.from({ length: 2 * rows.length }, (_, i) =>
    i % 2 === 0 ? rows[i >> 1]! - origin[0]! : columns[i >> 1]! - origin[1]!,
  );
  return put(
    path,
    writeNpz([
      ["reconstructed_object", complex(object)],
      ["canvas_origin_px", float64(origin)],
      ["positions_px", float64(positions, [rows.length, 2])],
      ["scan_index_used", { shape: [rows.length], dtype: "int32", data: Int32Array.from(rows, (_, i) => i) }],
      ["reconstruction_time", float64(Float64Array.of(12.5), [])],
      ["algorithm", text("LSQML")],
    ]),
  );
}

/** A result as the study's script wrote it: object, algorithm, time stamp. */
function foreignResult(path: string, object = canvas): string {
  const members: [string, NpyArray][] = [
    ["reconstructed_object", complex(object)],
    ["algorithm", text("pty-chi")],
    ["timestamp", text("2025-11-12T23:13:04")],
  ];
  return put(path, writeNpz(members));
}

/** A scan of the study: the truth under objectGuess. */
function scan(path: string): string {
  return put(
    path,
    writeNpz([
      ["objectGuess", complex(truth)],
      ["xcoords", float64(columns)],
      ["ycoords", float64(rows)],
    ]),
  );
}

function capture(): CommandIo & { out: string; err: string } {
  const io = {
    out: "",
    err: "",
    interactive: false,
    stdout: (piece: string) => {
      io.out += piece;
    },
    stderr: (piece: string) => {
      io.err += piece;
    },
  };
  return io;
}

async function run(...argv: string[]) {
  const io = capture();
  const code = await main(["compare", ...argv], io);
  return { code, out: io.out, err: io.err };
}

async function runStudy(...argv: string[]) {
  const io = capture();
  const code = await studyCompareCommand.run(argv, io);
  return { code, out: io.out, err: io.err };
}

describe("ptycho compare", () => {
  test("prints a table and writes nothing without an output", async () => {
    const { code, out, err } = await run(ownResult("a/reconstruction.npz"), "--truth", objects);
    expect(code).toBe(0);
    expect(err).toBe("");
    expect(out).toMatch(/^ +ptycho-webgpu\n/);
    expect(out).toMatch(/^mae +0\.\d{6} +0\.\d{6}$/m);
    expect(out).toMatch(/^registration_offset_dy +-0\.4\d+$/m);
    expect(out).toMatch(/^computation_time_s +12\.500000$/m);
  });

  test("a folder, another result beside it, and three files", async () => {
    const output = join(root, "out");
    ownResult("b/reconstruction.npz");
    const other = foreignResult("b/other.npz");
    const argv = [join(root, "b"), "--truth", scan("b/scan.npz"), "--against", other, "--output", output];
    const { code, out, err } = await run(...argv);
    expect(code).toBe(0);
    expect(err).toContain("PtyChi: the file has no canvas origin");
    expect(err).toContain("the truth is the member objectGuess");
    expect(out).toContain(join(output, "comparison.png"));

    const csv = readFileSync(join(output, "comparison_metrics.csv"), "utf8").split("\n");
    expect(csv[0]).toBe("model,metric,amplitude,phase,value");
    expect(csv).toContain("ptycho-webgpu,computation_time_s,,,12.500000");
    expect(csv).toContain("PtyChi,computation_time_s,,,");
    for (const model of ["ptycho-webgpu", "PtyChi"]) {
      for (const metric of ["mae", "mse", "psnr", "psnr_legacy_255", "ssim", "ms_ssim", "study_ms_ssim"]) {
        const line = csv.find((candidate) => candidate.startsWith(`${model},${metric},`));
        expect(line, metric).toMatch(/,\d+\.\d{6},\d+\.\d{6},$/);
      }
      expect(csv.find((line) => line.startsWith(`${model},registration_offset_dx,`))).toMatch(/,,,-?\d+\.\d{6}$/);
    }

    const record = comparisonSchema.parse(JSON.parse(readFileSync(join(output, "comparison.json"), "utf8")));
    expect(record.results.map(({ canvas: { source } }) => source)).toEqual(["recorded", "centred"]);
    // the same object twice: wherever the second was put, registration brought it to the same place
    expect(record.between!.phase.mae!).toBeLessThan(0.003);
    expect(record.region.box).toEqual({ top: 21, left: 22, heightPx: 45, widthPx: 49 });

    const picture = decode(readFileSync(join(output, "comparison.png")));
    expect(picture.width).toBeGreaterThan(3 * 400);
    expect(picture.height).toBeGreaterThan(4 * 300);

    expect((await run(...argv)).code).toBe(74);
    expect((await run(...argv, "--overwrite")).code).toBe(0);
  });

  test("--json is one object that the schema knows, NaN nowhere", async () => {
    const { out, code } = await run(ownResult("c/reconstruction.npz"), "--truth", objects, "--json", "--model", "mine");
    expect(code).toBe(0);
    expect(out).not.toMatch(/\bNaN\b/);
    const record = comparisonSchema.parse(JSON.parse(out));
    expect(record.results[0]).toMatchObject({ model: "mine", computationSeconds: 12.5, refused: null });
    expect(record.truth.key).toBe("truth_object");
    expect(record.between).toBeNull();
  });

  test("equal images: PSNR is infinite in the table, text in JSON", async () => {
    const same = put("d/same.npz", writeNpz([["reconstructed_object", complex(truth)]]));
    const data = put("d/truth.npz", writeNpz([["truth_object", complex(truth)]]));
    const { out } = await run(same, "--truth", data, "--register-px", "0", "--json");
    const { amplitude } = comparisonSchema.parse(JSON.parse(out)).results[0]!.metrics!;
    expect(amplitude.psnr === "Infinity" || (amplitude.psnr as number) > 120).toBe(true);
    expect(amplitude.ssim).toBeCloseTo(1, 9);
  });

  test("a degenerate result is exit 80, figures null, no picture left from before", async () => {
    const output = join(root, "e/out");
    const flat = complexZeros(canvas.shape);
    for (let i = 0; i < flat.data.length; i += 2) flat.data[i] = 1;
    const result = ownResult("e/reconstruction.npz");
    await run(result, "--truth", objects, "--output", output);
    expect(existsSync(join(output, "comparison.png"))).toBe(true);
    ownResult("e/reconstruction.npz", flat);
    const { code, err, out } = await run(result, "--truth", objects, "--output", output, "--overwrite");
    expect(code).toBe(80);
    expect(err).toContain("[COMPARE_DEGENERATE]");
    expect(err).toContain("same value everywhere");
    expect(out).toMatch(/^mae +- +-$/m);
    expect(existsSync(join(output, "comparison.png"))).toBe(false);
    const record = comparisonSchema.parse(JSON.parse(readFileSync(join(output, "comparison.json"), "utf8")));
    expect(record.results[0]).toMatchObject({ refused: { code: "FLAT" }, metrics: null, study: null });
  });

  test("what is missing or no result is named, with its exit code", async () => {
    const result = ownResult("f/reconstruction.npz");
    mkdirSync(join(root, "f/empty"));
    const cases: [string[], number, string][] = [
      [[], 2, "one result is needed"],
      [[result], 2, "a file with the truth is needed"],
      [[join(root, "f/none.npz"), "--truth", objects], 66, "INPUT_MISSING"],
      [[join(root, "f/empty"), "--truth", objects], 66, "reconstruction.npz or ptychi_reconstruction.npz"],
      [[result, "--truth", join(root, "f/none.npz")], 66, "INPUT_MISSING"],
      [[result, "--truth", result], 65, "truth_object or objectGuess"],
      [[scan("f/scan.npz"), "--truth", objects], 65, "reconstructed_object"],
      [[result, "--truth", objects, "--truth-key", "ycoords"], 65, "must be complex"],
      [[result, "--truth", objects, "--register-px", "-1"], 2, "--register-px"],
      [[result, "--truth", objects, "--region", "all"], 2, "box or illuminated"],
      [[result, "--truth", objects, "--canvas-rule", "x"], 2, "ptychi or ptychi-before-2.1"],
      [[result, "--truth", objects, "--region", "illuminated"], 65, "COMPARE_MASK"],
    ];
    for (const [argv, code, part] of cases) {
      const found = await run(...argv);
      expect(found.err, argv.join(" ")).toContain(part);
      expect(found.code, argv.join(" ")).toBe(code);
    }
  });

  test("patterns that were not used do not widen the region", async () => {
    const positions = Float64Array.from({ length: 2 * rows.length }, (_, i) =>
      i % 2 === 0 ? rows[i >> 1]! - origin[0]! : columns[i >> 1]! - origin[1]!,
    );
    const used = Int32Array.from({ length: 8 }, (_, i) => i);
    const path = put(
      "g/reconstruction.npz",
      writeNpz([
        ["reconstructed_object", complex(canvas)],
        ["canvas_origin_px", float64(origin)],
        ["positions_px", float64(positions, [rows.length, 2])],
        ["scan_index_used", { shape: [8], dtype: "int32", data: used }],
      ]),
    );
    const { region } = comparisonSchema.parse(JSON.parse((await run(path, "--truth", objects, "--json")).out));
    expect(region.patterns).toBe(8);
    const first = rows.subarray(0, 8);
    expect(region.box.top).toBe(Math.ceil(Math.min(...first)));
    expect(region.box.heightPx).toBe(Math.floor(Math.max(...first)) - Math.ceil(Math.min(...first)) + 1);
  });
});

describe("ptycho study compare", () => {
  const flat = complexZeros(canvas.shape);
  for (let i = 0; i < flat.data.length; i += 2) flat.data[i] = 1;

  /** Four results: one by the recorded path, one by the root, one flat, one whose truth is gone. */
  function makeStudy(name: string) {
    const phaseC = join(root, name, "phase_c");
    const phaseD = join(root, name, "phase_d");
    const artifacts = join(root, name, "phase_f");
    const cell = (...parts: string[]) => join(name, "phase_f", ...parts);
    const view = scan(join(name, "phase_d/dose_1000/dense/dense_test.npz"));
    ownResult(cell("dose_1000/dense/test/ptychi_reconstruction.npz"));
    put(cell("dose_1000/dense/test/run.json"), JSON.stringify({ input: { path: view } }));
    scan(join(name, "phase_c/dose_10000/patched_train.npz"));
    foreignResult(cell("dose_10000/baseline/train/ptychi_reconstruction.npz"));
    ownResult(cell("dose_1000/sparse/test/ptychi_reconstruction.npz"), flat);
    put(cell("dose_1000/sparse/test/run.json"), JSON.stringify({ input: { path: view } }));
    ownResult(cell("dose_100000/dense/train/ptychi_reconstruction.npz"));
    put(cell("dose_100000/dense/train/run.json"), JSON.stringify({ input: { path: "/elsewhere/dense_train.npz" } }));
    put(cell("dose_100000/dense/test/ptychi.log"), "no result yet");
    return { phaseC, phaseD, artifacts };
  }

  test("scores every finished cell, keeps the others apart, writes the summaries", async () => {
    const { phaseC, artifacts } = makeStudy("s1");
    const { code, out } = await runStudy("--artifact-root", artifacts, "--phase-c-root", phaseC, "--json");
    expect(code).toBe(1);
    const summary = metricsSummarySchema.parse(JSON.parse(out));
    expect(JSON.parse(readFileSync(join(artifacts, "metrics_summary.json"), "utf8"))).toEqual(summary);
    expect(summary).toMatchObject({ n_jobs: 4, n_success: 2, n_failed: 2 });
    const places = summary.jobs.map(({ dose, view, split, error }) => [dose, view, split, error === null]);
    expect(places).toEqual([
      [1000, "dense", "test", true],
      [1000, "sparse", "test", false],
      [10000, "baseline", "train", true],
      [100000, "dense", "train", false],
    ]);
    expect(summary.jobs[1]!.error).toContain("same value everywhere");
    expect(summary.jobs[1]!.metrics.find(({ metric }) => metric === "mae")).toMatchObject({ amplitude: null });
    expect(summary.jobs[3]!.error).toContain("/elsewhere/dense_train.npz");
    expect(summary.jobs[2]!.truth).toBe(join(phaseC, "dose_10000/patched_train.npz"));

    const figure = (job: number) =>
      summary.jobs[job]!.metrics.find(({ metric }) => metric === "ms_ssim")!.phase as number;
    const { ms_ssim, mae } = summary.aggregate_metrics.PtyChi!;
    expect(ms_ssim.mean_phase).toBeCloseTo((figure(0) + figure(2)) / 2, 12);
    expect(ms_ssim.best_phase).toBeCloseTo(Math.max(figure(0), figure(2)), 12);
    expect(mae.mean_phase).toBeGreaterThan(0);

    const folder = join(artifacts, "dose_1000/dense/test");
    const csv = readFileSync(join(folder, "comparison_metrics.csv"), "utf8");
    expect(csv).toMatch(/^PtyChi,ms_ssim,0\.\d{6},0\.\d{6},$/m);
    for (const name of ["comparison.json", "comparison.png"]) expect(existsSync(join(folder, name))).toBe(true);
    expect(existsSync(join(artifacts, "dose_100000/dense/train/comparison.json"))).toBe(false);

    const table = readFileSync(join(artifacts, "metrics_summary.md"), "utf8");
    expect(table.split("\n").filter((line) => line.startsWith("|"))).toHaveLength(6);
    expect(table).toMatch(/^\| 1000 \| dense \| test \| PtyChi \| 0\.\d{3} \|/m);
    expect(table).toMatch(/same value everywhere/);
  });

  test("filters, another root, and a second call", async () => {
    const { artifacts } = makeStudy("s2");
    const moved = join(root, "s2-elsewhere");
    scan("s2-elsewhere/phase_d/dose_100000/dense/train.npz");
    const argv = ["--artifact-root", artifacts, "--dose", "100000", "--split", "train", "--data-root", moved];
    for (let call = 0; call < 2; call++) {
      const { code, out } = await runStudy(...argv);
      expect(code).toBe(0);
      expect(out.split("\n").filter((line) => line.startsWith("|"))).toHaveLength(3);
    }
    const nothing = runStudy("--artifact-root", artifacts, "--view", "other");
    await expect(nothing).rejects.toThrow(/4 results, none of which the filters leave.*COMPARE_NOTHING/);
    await expect(runStudy("--artifact-root", join(root, "s2-none"))).rejects.toMatchObject({ exitCode: 66 });
    await expect(runStudy()).rejects.toMatchObject({ exitCode: 2 });
    await expect(runStudy("--artifact-root", artifacts, "--dose", "x")).rejects.toMatchObject({ exitCode: 2 });
  });

  test("compareStudyCell gives the rows of the file", async () => {
    const result = foreignResult("cell/ptychi_reconstruction.npz");
    copyFileSync(objects, join(root, "cell/scan.npz"));
    const { metrics, refused, notes, record } = await compareStudyCell(join(root, "cell"), join(root, "cell/scan.npz"));
    expect(refused).toBeNull();
    expect(record.results[0]!.path).toBe(result);
    expect(metrics.find(({ metric }) => metric === "ms_ssim")).toMatchObject({ model: "PtyChi", value: null });
    expect(notes.join()).toContain("centred");
  });
});
