// summary.md: the table of cells for people.

import type { ExecutionResult } from "../../jobs/artifact-schemas.ts";
import type { JobPlan, StudyCell } from "../../jobs/build-jobs.ts";
import { formatFloat } from "../../jobs/design.ts";
import type { Receipt } from "../run-receipt.ts";
import { presetOf } from "./receipt-origin.ts";

/** Scores of a cell against its truth; null = not known. */
export interface CellScores {
  readonly phaseMsSsim: number | null;
  readonly phaseMae: number | null;
}

export interface SummaryFacts {
  readonly plan: JobPlan;
  readonly runId: string;
  readonly timestamp: string;
  readonly preset: string;
  readonly dryRun: boolean;
  /** By output folder. */
  readonly results: ReadonlyMap<string, ExecutionResult>;
  /** By output folder, of this call or an earlier one. */
  readonly receipts: ReadonlyMap<string, Receipt>;
  readonly scores: ReadonlyMap<string, CellScores>;
}

/** The table of every cell of the grid. Figures are of results that this call made or reused: they can be compared. */
export function formatSummary(facts: SummaryFacts): string {
  const { plan, runId, timestamp, preset, dryRun } = facts;
  const { totals } = plan;
  const head = [
    "# LSQML baseline",
    "",
    `Run ${runId}, ${timestamp}, preset \`${preset}\`${dryRun ? ", dry run" : ""}.`,
    `${totals.cells} cells: ${totals.selected} selected, ${totals.filtered} filtered, ${totals.missing} missing.`,
    "Figures are of results that this call made or reused.",
    "",
  ];
  const columns = [
    "dose",
    "view",
    "split",
    "status",
    "preset",
    "patterns",
    "epochs",
    "loss",
    "phase MS-SSIM",
    "phase MAE (rad)",
    "seconds",
    "device",
  ];
  const rows = plan.cells.map((cell) => describeCell(cell, facts));
  const table = [columns, columns.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  const notes = plan.cells
    .filter((cell) => facts.results.get(cell.outputDir)?.error)
    .map(
      (cell) =>
        `- dose ${formatFloat(cell.dose)}, ${cell.view}, ${cell.split}: ${escapeCell(facts.results.get(cell.outputDir)!.error!)}`,
    );
  const problems = notes.length > 0 ? ["", "## Problems", "", ...notes] : [];
  return `${[...head, ...table, ...problems].join("\n")}\n`;
}

/** What became of a cell, in a word or two. */
export function cellState(cell: StudyCell, result: ExecutionResult | undefined, receipt: Receipt | undefined): string {
  if (cell.status === "missing") return "missing";
  if (result) {
    if (result.dry_run) return result.returncode === 0 ? "planned" : `refused (${result.returncode})`;
    if (result.returncode === 0) return result.reused ? "finished (reused)" : "finished";
    if (result.returncode === null) return "unfinished";
    return `failed (${result.returncode})`;
  }
  if (receipt?.status === "complete") return "finished earlier";
  return cell.status === "filtered" ? "filtered" : "waiting";
}

function describeCell(cell: StudyCell, { results, receipts, scores, preset }: SummaryFacts): string[] {
  const receipt = receipts.get(cell.outputDir);
  const result = results.get(cell.outputDir);
  const finished = result?.returncode === 0 && !result.dry_run;
  const record = finished ? receipt?.record : undefined;
  const score = finished ? scores.get(cell.outputDir) : undefined;
  const ofEarlier = receipt?.status === "complete" ? presetOf(receipt, cell.dose) : null;
  const loss = record?.loss.at(-1);
  const adapter = record?.adapter as { device?: unknown; description?: unknown; architecture?: unknown } | undefined;
  const device = [adapter?.device, adapter?.description, adapter?.architecture].find(
    (name) => typeof name === "string" && name !== "",
  );
  const show = (value: number | null | undefined, digits: number) =>
    typeof value === "number" ? value.toFixed(digits) : "";
  return [
    formatFloat(cell.dose),
    cell.view,
    cell.split,
    cellState(cell, result, receipt),
    (result ? preset : ofEarlier) ?? "",
    record ? `${record.patterns.used} of ${record.patterns.present}` : "",
    record ? String(record.epochsCompleted) : "",
    typeof loss === "number" ? loss.toPrecision(5) : "",
    show(score?.phaseMsSsim, 4),
    show(score?.phaseMae, 4),
    show(record?.seconds.reconstruct, 1),
    typeof device === "string" ? escapeCell(device.replace(/-+$/, "")) : "",
  ];
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
