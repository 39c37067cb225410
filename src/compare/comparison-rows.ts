// Figures of a comparison as rows of model, metric, amplitude, phase, value: the study's columns (study.md section 6.4).

import type { StudyComponent } from "./align-study.ts";
import type { ObjectComparison } from "./compare-objects.ts";
import type { ComponentMetrics } from "./measure-images.ts";

/** A row: either amplitude and phase, or value. Null = not known or not defined; PSNR may be infinite. */
export interface MetricRow {
  readonly model: string;
  readonly metric: string;
  readonly amplitude: number | null;
  readonly phase: number | null;
  readonly value: number | null;
}

const own: readonly (readonly [metric: string, pick: (metrics: ComponentMetrics) => number | null])[] = [
  ["mae", ({ mae }) => mae],
  ["mse", ({ mse }) => mse],
  ["psnr", ({ psnr }) => psnr],
  ["psnr_peak", ({ psnrPeak }) => psnrPeak],
  ["psnr_legacy_255", ({ psnrLegacy255 }) => psnrLegacy255],
  ["ssim", ({ ssim }) => ssim],
  ["ms_ssim", ({ msSsim }) => msSsim],
  ["ms_ssim_standard", ({ msSsimStandard }) => msSsimStandard],
  ["frc50", ({ frc50 }) => frc50],
  ["frc_half_bit_px", ({ frc }) => frc.halfBit.resolutionPx],
  ["frc_one_seventh_px", ({ frc }) => frc.oneSeventh.resolutionPx],
];

const legacy: readonly (readonly [metric: string, pick: (metrics: StudyComponent) => number | null])[] = [
  ["study_mae", ({ mae }) => mae],
  ["study_mse", ({ mse }) => mse],
  ["study_psnr_255", ({ psnrLegacy255 }) => psnrLegacy255],
  ["study_ssim", ({ ssim }) => ssim],
  ["study_ms_ssim", ({ msSsim }) => msSsim],
  ["study_frc50", ({ frc50 }) => frc50],
];

/**
 * Rows of one result: ours, then those with the study's own alignment (study_...), then single values; the same metrics
 * in the same order for every result. `seconds`: what the reconstruction took.
 */
export function listMetricRows(
  model: string,
  { metrics, alignment, study }: Pick<ObjectComparison, "metrics" | "alignment" | "study">,
  seconds: number | null,
): MetricRow[] {
  const pair = (metric: string, amplitude: number | null, phase: number | null): MetricRow => ({
    model,
    metric,
    amplitude,
    phase,
    value: null,
  });
  const single = (metric: string, value: number | null): MetricRow => ({
    model,
    metric,
    amplitude: null,
    phase: null,
    value,
  });
  return [
    ...own.map(([metric, pick]) => pair(metric, metrics && pick(metrics.amplitude), metrics && pick(metrics.phase))),
    ...legacy.map(([metric, pick]) => pair(metric, study && pick(study.amplitude), study && pick(study.phase))),
    single("registration_offset_dy", alignment?.offsetPx[0] ?? null),
    single("registration_offset_dx", alignment?.offsetPx[1] ?? null),
    single("amplitude_scale", alignment?.removed.scale ?? null),
    single("study_registration_offset_dy", study?.offsetPx[0] ?? null),
    single("study_registration_offset_dx", study?.offsetPx[1] ?? null),
    single("computation_time_s", seconds),
  ];
}

/** CSV with a header, six decimals, nothing where nothing is known, `inf` for infinite. */
export function formatMetricCsv(rows: readonly MetricRow[]): string {
  const lines = rows.map(({ model, metric, amplitude, phase, value }) =>
    [quote(model), metric, ...[amplitude, phase, value].map(formatCsvNumber)].join(","),
  );
  return `${["model,metric,amplitude,phase,value", ...lines].join("\n")}\n`;
}

/** A table to read: one line per metric, amplitude and phase (or the value) of every model side by side. */
export function formatMetricTable(rows: readonly MetricRow[]): string {
  const models = [...new Set(rows.map(({ model }) => model))];
  const metrics = [...new Set(rows.map(({ metric }) => metric))];
  const cells = metrics.map((metric) => [
    metric,
    ...models.flatMap((model) => {
      const row = rows.find((candidate) => candidate.model === model && candidate.metric === metric);
      const single = row?.value !== null && row?.value !== undefined;
      return single
        ? [formatCell(row.value), ""]
        : [formatCell(row?.amplitude ?? null), formatCell(row?.phase ?? null)];
    }),
  ]);
  const head = ["", ...models.flatMap(() => ["amplitude", "phase"])];
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]!.length)));
  const layOut = (line: readonly string[]) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd();
  const names = models.map((model, index) => {
    const width = widths[1 + 2 * index]! + 2 + widths[2 + 2 * index]!;
    return model.length > width ? model : model.padStart(width);
  });
  return `${[`${" ".repeat(widths[0]!)}  ${names.join("  ")}`, layOut(head), ...cells.map(layOut)].join("\n")}\n`;
}

function formatCell(value: number | null): string {
  if (value === null) return "-";
  if (!Number.isFinite(value)) return formatCsvNumber(value);
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : value.toFixed(6);
}

function formatCsvNumber(value: number | null): string {
  if (value === null || Number.isNaN(value)) return "";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return value.toFixed(6);
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
