// Records of a call: shape and order of sections 5.3 and 5.4, schemas that artifacts obey, seeds, telemetry.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readMetadata } from "../../src/data/metadata.ts";
import { openNpz } from "../../src/data/npz.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { buildPlanRecord, buildReconstructionManifest, buildSkipSummary } from "../../src/jobs/artifact-records.ts";
import { reconstructionManifestSchema, skipSummarySchema, studyPlanSchema } from "../../src/jobs/artifact-schemas.ts";
import { listGrid, studyDesign } from "../../src/jobs/design.ts";
import { studySchemas } from "../../src/jobs/json-schemas.ts";
import { deriveSeed } from "../../src/jobs/seeds.ts";
import { readTelemetry } from "../../src/jobs/telemetry.ts";
import { buildZip, npyPickled, npyText } from "../support/npz-builder.ts";
import { planOf, readFixture, studyFiles, without } from "../support/study-folders.ts";

const all = studyFiles("/data");
const call = { runId: "run-1", timestamp: "2026-01-31T12:00:00.000Z" };
const facts = {
  ...call,
  versions: { "ptycho-webgpu": "0.1.0", webgpu: null },
  preset: "best",
  dryRun: true,
  trainingManifest: "/data/phase_e/training_manifest.json",
  executionResults: [],
};

describe("skip_summary.json", () => {
  const plan = planOf({
    files: without(all, "sparse_train", "dose_10000/patched_train"),
    filters: { dose: 1000, view: "dense", split: "test", maxJobs: 1 },
  });
  const summary = buildSkipSummary(plan, call);
  it("groups by filter, each group in the study's order, missing cells last", () => {
    const reasons = summary.skipped_jobs.map(({ reason }) => reason.split(" ").slice(0, 2).join(" "));
    expect(reasons).toEqual([
      ...Array.from({ length: 9 }, () => "dose filter"),
      ...Array.from({ length: 3 }, () => "view filter"),
      "split filter",
      ...["Phase D", "Phase C", "Phase D", "Phase D"],
    ]);
    expect(summary.skipped_jobs[9]).toEqual({
      dose: 1000,
      view: "baseline",
      split: "train",
      reason: "view filter (requested: dense)",
    });
    expect(summary.skipped_jobs.at(-3)).toEqual({
      dose: 10000,
      view: "baseline",
      split: "train",
      reason: "Phase C baseline NPZ not found: /data/phase_c/dose_10000/patched_train.npz",
    });
  });
  it("counts every missing cell, and those of Phase C beside it", () => {
    expect(summary).toMatchObject({ skipped_count: 17, missing_phase_d_count: 4, missing_phase_c_count: 1 });
    expect(summary.skipped_jobs).toHaveLength(17);
  });
  it("is empty and valid when nothing is skipped", () => {
    const whole = buildSkipSummary(planOf({ files: all }), call);
    expect(whole).toMatchObject({ skipped_count: 0, skipped_jobs: [], missing_phase_d_count: 0 });
    expect(skipSummarySchema.parse(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
  });
  it("obeys its schema", () => expect(skipSummarySchema.parse(summary)).toEqual(summary));
});

describe("reconstruction_manifest.json", () => {
  const plan = planOf({
    files: without(all, "sparse"),
    filters: { dose: 1000, view: "sparse", split: "train" },
    manifest: readFixture("dry-run"),
    settings: { baseSeed: 9 },
  });
  it("counts inputs before filters, all missing cells, and only the selected jobs", () => {
    expect(buildReconstructionManifest(plan, facts)).toMatchObject({
      timestamp: call.timestamp,
      phase_c_root: "/data/phase_c",
      phase_d_root: "/data/phase_d",
      artifact_root: "/data/phase_f",
      filters: { dose: 1000, view: "sparse", split: "train", gridsize: null },
      total_jobs: 12,
      filtered_jobs: 0,
      jobs: [],
      execution_results: [],
      seeds: { base: 9 },
    });
    expect(buildReconstructionManifest(plan, facts).missing_jobs).toHaveLength(6);
  });
  it("jobs in the study's form, with seed and notes", () => {
    const whole = planOf({ files: all, filters: { dose: 1000, view: "sparse", split: "test" } });
    const manifest = buildReconstructionManifest(whole, facts);
    expect(Object.keys(manifest.filters)).toEqual(["dose", "view", "split", "gridsize"]);
    expect(manifest.jobs).toEqual([
      {
        dose: 1000,
        view: "sparse",
        split: "test",
        gridsize: 2,
        input_npz: "/data/phase_d/dose_1000/sparse/sparse_test.npz",
        output_dir: "/data/phase_f/dose_1000/sparse/test",
        algorithm: "LSQML",
        num_epochs: 100,
        seed: deriveSeed(0, 1000, "sparse", "test"),
        notes: [],
      },
    ]);
  });
  it("obeys its schema, with results of every kind", () => {
    const result = { dose: 1000, view: "dense", split: "train" as const, log_path: null, stdout_preview: "" };
    const executionResults = [
      { ...result, returncode: 0, reused: true, ...readTelemetry("dense", { status: "absent" }) },
      { ...result, returncode: 65, error: "degenerate geometry" },
    ];
    const manifest = buildReconstructionManifest(plan, { ...facts, executionResults });
    expect(reconstructionManifestSchema.parse(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
    for (const broken of [{ timestamp: "2025-11-04T05:26:29" }, { total_jobs: -1 }, { jobs: [{}] }, { seeds: {} }]) {
      expect(reconstructionManifestSchema.safeParse({ ...manifest, ...broken }).success).toBe(false);
    }
  });
  it("lists that an older writer left out read as empty", () => {
    const { missing_jobs, execution_results, ...older } = buildReconstructionManifest(plan, facts);
    expect(reconstructionManifestSchema.parse(older)).toMatchObject({ missing_jobs: [], execution_results: [] });
    expect([missing_jobs.length, execution_results.length]).toEqual([6, 0]);
  });
});

it("the plan's record obeys its schema and adds up", () => {
  const plan = planOf({ files: without(all, "sparse"), filters: { dose: 1000 }, manifest: readFixture("dry-run") });
  const record = buildPlanRecord(plan, "/m.json");
  expect(studyPlanSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
  const { selected, filtered, missing } = record.totals;
  expect(selected + filtered + missing).toBe(record.cells.length);
});

it("JSON Schema files are those of the code", () => {
  const folder = join(import.meta.dirname, "../../schemas");
  const files = readdirSync(folder);
  for (const [name, schema] of Object.entries(studySchemas)) {
    expect(files).toContain(name);
    const written = JSON.parse(readFileSync(join(folder, name), "utf8"));
    expect(written, `${name}: npm run schemas`).toEqual(z.toJSONSchema(schema, { io: "input" }));
  }
});

describe("seeds", () => {
  it("are fixed numbers", () => {
    expect(deriveSeed(0, 1000, "dense", "train")).toBe(2938263518);
    expect(deriveSeed(0, 100000, "baseline", "test")).toBe(2298623753);
    expect(deriveSeed(4294967295, 0.5, "sparse", "train")).toBe(2774925439);
  });
  it("differ between cells and base seeds", () => {
    const seeds = [0, 1].flatMap((base) =>
      listGrid(studyDesign).map(({ dose, view, split }) => deriveSeed(base, dose, view, split)),
    );
    expect(new Set(seeds).size).toBe(36);
    for (const seed of seeds) expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true);
  });
});

describe("telemetry of _metadata", () => {
  const unknown = {
    selection_strategy: null,
    acceptance_rate: null,
    spacing_threshold: null,
    n_accepted: null,
    n_rejected: null,
  };
  const read = async (content: Uint8Array | null, view = "dense") => {
    const members = content ? [{ name: "_metadata.npy", content }] : [{ name: "a.npy", content: npyText("x") }];
    return readTelemetry(view, await readMetadata(await openNpz(bytesAccess(buildZip(members), "scan.npz")), []));
  };
  const first = {
    overlap_view: "sparse",
    spacing_threshold: 102.4,
    source_file: "patched_train.npz",
    n_accepted: 1,
    n_rejected: 7,
    acceptance_rate: 0.125,
    selection_strategy: "greedy",
  };
  it("version 1", async () => {
    expect(await read(npyText(JSON.stringify(first)))).toEqual({
      selection_strategy: "greedy",
      acceptance_rate: 0.125,
      spacing_threshold: 102.4,
      n_accepted: 1,
      n_rejected: 7,
    });
  });
  it("a measured zero stays zero", async () => {
    const none = JSON.stringify({ ...first, n_rejected: 0, acceptance_rate: 0 });
    expect(await read(npyText(none))).toMatchObject({ n_rejected: 0, acceptance_rate: 0 });
  });
  it("version 2, pickled, absent, no JSON, no object: all unknown", async () => {
    const second = { gridsize: 2, s_img: 0.8, n_groups: 512, neighbor_count: 25, metrics_version: "1.0" };
    expect(await read(npyText(JSON.stringify(second)))).toEqual(unknown);
    expect(await read(npyPickled())).toEqual(unknown);
    expect(await read(null)).toEqual(unknown);
    for (const text of ["not JSON", "[1]", "null", '"direct"']) expect(await read(npyText(text))).toEqual(unknown);
  });
  it("values out of range are unknown", async () => {
    const wrong = {
      selection_strategy: "unknown",
      acceptance_rate: 8,
      spacing_threshold: "38.4",
      n_accepted: 1.5,
      n_rejected: -1,
    };
    expect(await read(npyText(JSON.stringify(wrong)))).toEqual(unknown);
  });
  it("the baseline has none", async () => expect(await read(npyText(JSON.stringify(first)), "baseline")).toBeNull());
});
