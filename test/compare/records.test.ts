import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { compareObjects } from "../../src/compare/compare-objects.ts";
import { formatMetricCsv, formatMetricTable, type MetricRow } from "../../src/compare/comparison-rows.ts";
import { compareSchemas } from "../../src/compare/json-schemas.ts";
import { type CellOutcome, formatSummaryTable, summarizeCells } from "../../src/compare/metrics-summary.ts";
import type { ReconstructedObject, TrueObject } from "../../src/compare/region.ts";
import { renderComparison } from "../../src/pictures/render-comparison.ts";
import { readComplexMember } from "./fixtures.ts";

const row = (metric: string, amplitude: number | null, phase: number | null, model = "PtyChi"): MetricRow => ({
  model,
  metric,
  amplitude,
  phase,
  value: null,
});

test("the schema files are those of the source", () => {
  for (const [name, schema] of Object.entries(compareSchemas)) {
    const file = readFileSync(join(import.meta.dirname, "../../schemas", name), "utf8");
    expect(JSON.parse(file), name).toEqual(z.toJSONSchema(schema, { io: "input" }));
  }
});

describe("rows", () => {
  test("CSV: six decimals, nothing for unknown, names quoted where they must be", () => {
    const rows = [
      row("mae", 0.0695984, 0.1282971),
      row("psnr", null, Number.POSITIVE_INFINITY, 'a, "b"'),
      { ...row("registration_offset_dx", null, null), value: -1.22 },
    ];
    expect(formatMetricCsv(rows)).toBe(
      "model,metric,amplitude,phase,value\n" +
        "PtyChi,mae,0.069598,0.128297,\n" +
        '"a, ""b""",psnr,,inf,\n' +
        "PtyChi,registration_offset_dx,,,-1.220000\n",
    );
  });

  test("table: models side by side, a missing row is a dash", () => {
    const table = formatMetricTable([row("mae", 1, 2, "one"), row("mae", 3, null, "two"), row("mse", 5, 6, "one")]);
    const lines = table.split("\n").map((line) => line.trim().split(/\s+/));
    expect(lines[0]).toEqual(["one", "two"]);
    expect(lines[2]).toEqual(["mae", "1", "2", "3", "-"]);
    expect(lines[3]).toEqual(["mse", "5", "6", "-", "-"]);
  });
});

describe("summary", () => {
  const cell = (metrics: MetricRow[], error: string | null = null): CellOutcome => ({
    dose: 1000,
    view: "dense",
    split: "test",
    metrics,
    error,
    result: "r.npz",
    truth: "t.npz",
    notes: [],
  });

  test("means and bests per model over what was scored and is known", () => {
    const summary = summarizeCells([
      cell([row("ms_ssim", 0.6, 0.8), row("mae", 0.1, 0.2)]),
      cell([row("ms_ssim", 0.4, null), row("mae", 0.3, 0.4)]),
      cell([row("ms_ssim", 0.99, 0.99)], "not scored"),
    ]);
    expect(summary).toMatchObject({ n_jobs: 3, n_success: 2, n_failed: 1 });
    const { ms_ssim, mae } = summary.aggregate_metrics.PtyChi!;
    expect(ms_ssim).toEqual({ mean_amplitude: 0.5, best_amplitude: 0.6, mean_phase: 0.8, best_phase: 0.8 });
    expect(mae.mean_amplitude).toBeCloseTo(0.2, 12);
    expect(mae.mean_phase).toBeCloseTo(0.3, 12);
    expect(summarizeCells([cell([], "gone")]).aggregate_metrics).toEqual({});
  });

  test("the table escapes what would break it", () => {
    const table = formatSummaryTable([cell([row("mae", 0.1, 0.25)]), cell([], "a | b\nc")]);
    const lines = table.trimEnd().split("\n");
    const bars = (line: string) => line.replaceAll("\\|", "").split("|").length;
    expect(new Set(lines.map(bars)).size).toBe(1);
    expect(lines[2]).toContain("| 0.2500 | 0.1000 |");
    expect(lines[3]).toContain("a \\| b c");
  });
});

describe("picture", async () => {
  const object = await readComplexMember("objects.npz", "reconstructed_object");
  const truth: TrueObject = { object: await readComplexMember("objects.npz", "truth_object"), positionsPx: null };
  const result: ReconstructedObject = { object, canvasOriginPx: [2, 10], usedPositionsPx: null, probe: null };
  const compared = compareObjects([result, { ...result, canvasOriginPx: [3, 10] }], truth);

  test("same comparison, same bytes; wider with every result", () => {
    const two = renderComparison(compared, { models: ["one", "two"], title: "a" })!;
    expect(renderComparison(compared, { models: ["one", "two"], title: "a" })).toEqual(two);
    const single = { ...compared, results: compared.results.slice(0, 1) };
    const [wide, narrow] = [decode(two), decode(renderComparison(single, { models: ["one"] })!)];
    expect(wide.width).toBeGreaterThan(narrow.width + 300);
    expect(wide.height).toBeGreaterThan(narrow.height);
  });

  test("the same image twice has the same colours in both panels, and truth - truth none", () => {
    const images = compared.results[0]!.images!;
    const perfect = { ...images, foundAmplitude: images.truthAmplitude, foundPhase: images.truthPhase };
    const results = [{ ...compared.results[0]!, images: perfect }];
    const { data, width } = decode(renderComparison({ ...compared, results }, { models: ["same"] })!);
    const pixel = (x: number, y: number) => Array.from(data.slice(3 * (y * width + x), 3 * (y * width + x) + 3));
    const { heightPx, widthPx } = images.truthPhase;
    const magnification = Math.floor(380 / Math.max(heightPx, widthPx));
    // Columns are as wide as an image with its colour bar, or as the table.
    const column = Math.max(widthPx * magnification + 73, 12 * 24 - 2) + 28;
    for (const [y, x] of [
      [100, 40],
      [180, 120],
      [260, 200],
    ] as const) {
      expect(pixel(16 + x, y)).toEqual(pixel(16 + column + x, y));
      expect(new Set(pixel(16 + x, y)).size).toBeGreaterThan(1);
    }
  });

  test("none when nothing was scored", () => {
    const results = compared.results.map((one) => ({ ...one, metrics: null, images: null }));
    expect(renderComparison({ ...compared, results }, { models: ["one", "two"] })).toBeNull();
  });
});
