// metrics_summary.json and its table: the figures of all cells of the study (study.md section 6.4).

import { z } from "zod";
import type { MetricRow } from "./comparison-rows.ts";

const figure = z.union([z.number(), z.literal("Infinity"), z.null()]);
const known = z.number().nullable();

/** The file metrics_summary.json: the study's keys, and per job why it failed and what its figures rest on. */
export const metricsSummarySchema = z.strictObject({
  n_jobs: z.int(),
  n_success: z.int(),
  n_failed: z.int(),
  jobs: z.array(
    z.strictObject({
      dose: z.number(),
      view: z.string(),
      split: z.string(),
      metrics: z.array(
        z.strictObject({ model: z.string(), metric: z.string(), amplitude: figure, phase: figure, value: figure }),
      ),
      /** Null for a job that was scored. */
      error: z.string().nullable(),
      result: z.string(),
      truth: z.string().nullable(),
      notes: z.array(z.string()),
    }),
  ),
  aggregate_metrics: z.record(
    z.string(),
    z.strictObject({
      ms_ssim: z.strictObject({
        mean_amplitude: known,
        best_amplitude: known,
        mean_phase: known,
        best_phase: known,
      }),
      mae: z.strictObject({ mean_amplitude: known, mean_phase: known }),
    }),
  ),
});

/** Outcome of one cell; `error` null when it was scored. */
export interface CellOutcome {
  readonly dose: number;
  readonly view: string;
  readonly split: string;
  readonly metrics: readonly MetricRow[];
  readonly error: string | null;
  /** Path of the result. */
  readonly result: string;
  /** Path of the file with the truth; null when none was found. */
  readonly truth: string | null;
  readonly notes: readonly string[];
}

/** Content of metrics_summary.json. Means and bests are over scored cells; null when there is none. */
export function summarizeCells(cells: readonly CellOutcome[]) {
  const scored = cells.filter(({ error }) => error === null);
  const rows = scored.flatMap(({ metrics }) => metrics);
  const models = [...new Set(rows.map(({ model }) => model))];
  const valuesOf = (model: string, metric: string, part: "amplitude" | "phase") =>
    rows.flatMap((row) => (row.model === model && row.metric === metric && row[part] !== null ? [row[part]] : []));
  const mean = (values: readonly number[]) =>
    values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
  const best = (values: readonly number[]) => (values.length > 0 ? Math.max(...values) : null);
  return {
    n_jobs: cells.length,
    n_success: scored.length,
    n_failed: cells.length - scored.length,
    jobs: cells,
    aggregate_metrics: Object.fromEntries(
      models.map((model) => [
        model,
        {
          ms_ssim: {
            mean_amplitude: mean(valuesOf(model, "ms_ssim", "amplitude")),
            best_amplitude: best(valuesOf(model, "ms_ssim", "amplitude")),
            mean_phase: mean(valuesOf(model, "ms_ssim", "phase")),
            best_phase: best(valuesOf(model, "ms_ssim", "phase")),
          },
          mae: {
            mean_amplitude: mean(valuesOf(model, "mae", "amplitude")),
            mean_phase: mean(valuesOf(model, "mae", "phase")),
          },
        },
      ]),
    ),
  };
}

const columns: readonly (readonly [
  title: string,
  metric: string,
  part: "amplitude" | "phase" | "value",
  digits: number,
])[] = [
  ["phase MS-SSIM", "ms_ssim", "phase", 3],
  ["amp. MS-SSIM", "ms_ssim", "amplitude", 3],
  ["phase MAE (rad)", "mae", "phase", 4],
  ["amp. MAE", "mae", "amplitude", 4],
  ["phase SSIM", "ssim", "phase", 3],
  ["phase PSNR (dB)", "psnr", "phase", 2],
  ["phase FRC 1/2 bit (px)", "frc_half_bit_px", "phase", 2],
  ["phase MS-SSIM (study's alignment)", "study_ms_ssim", "phase", 3],
  ["offset dy", "registration_offset_dy", "value", 2],
  ["offset dx", "registration_offset_dx", "value", 2],
  ["seconds", "computation_time_s", "value", 1],
];

/** Markdown table, one line per cell and model; a cell that failed says why. */
export function formatSummaryTable(cells: readonly CellOutcome[]): string {
  const head = ["dose", "view", "split", "model", ...columns.map(([title]) => title), "remark"];
  const lines = cells.flatMap((cell) => {
    const place = [String(cell.dose), escapeCell(cell.view), cell.split];
    const remark = escapeCell([...(cell.error ? [cell.error] : []), ...cell.notes].join("; "));
    const models = [...new Set(cell.metrics.map(({ model }) => model))];
    if (models.length === 0) return [[...place, "-", ...columns.map(() => "-"), remark]];
    return models.map((model) => [
      ...place,
      escapeCell(model),
      ...columns.map(([, metric, part, digits]) => {
        const value = cell.metrics.find((row) => row.model === model && row.metric === metric)?.[part] ?? null;
        return value === null ? "-" : value.toFixed(digits);
      }),
      remark,
    ]);
  });
  const rule = head.map((_, index) => (index >= 4 && index < head.length - 1 ? "---:" : "---"));
  return `${[head, rule, ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n")}\n`;
}

function escapeCell(text: string): string {
  return text.replace(/[\r\n]+/g, " ").replaceAll("|", "\\|");
}
