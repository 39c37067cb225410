// A plan as people read it: the study's progress texts (study.md 5.2), one line per cell, notes, totals.

import type { JobPlan, StudyCell } from "../../jobs/build-jobs.ts";
import { formatFloat } from "../../jobs/design.ts";

/** The lines that the study's own program prints before it starts. */
export function formatProgressLines(plan: JobPlan): readonly string[] {
  const { totals } = plan;
  return [
    `Total jobs enumerated: ${totals.totalJobs}`,
    ...plan.filterSteps.map(
      ({ name, requested, before, after }) => `Filter --${name}=${requested}: ${before} → ${after} jobs`,
    ),
    `Filtered jobs: ${totals.selected} selected, ${totals.skipped} skipped`,
  ];
}

/** The lines that it prints at its end (study.md 5.6). */
export function formatCallSummary({ totals, roots }: JobPlan, dryRun: boolean): readonly string[] {
  return [
    "Phase F Reconstruction Orchestrator Summary",
    `  Total jobs: ${totals.totalJobs}`,
    `  Filtered jobs: ${totals.selected}`,
    `  Skipped jobs: ${totals.skipped}`,
    `  Dry run: ${dryRun ? "yes" : "no"}`,
    `  Artifacts: ${roots.artifact}`,
  ];
}

/** Name of a cell in messages: dose=1000.0, view=dense, split=train. */
export function formatCellName({ dose, view, split }: Pick<StudyCell, "dose" | "view" | "split">): string {
  return `dose=${formatFloat(dose)}, view=${view}, split=${split}`;
}

/** The whole plan as text. */
export function formatPlan(plan: JobPlan, manifestPath: string | null): string {
  const { totals, roots } = plan;
  const head = [
    `Training manifest: ${manifestPath ?? "none"}`,
    `Phase C root: ${roots.phaseC}`,
    `Phase D root: ${roots.phaseD}`,
    `Artifact root: ${roots.artifact}`,
  ];
  const rows = plan.cells.map((cell) => [
    formatFloat(cell.dose),
    cell.view,
    cell.split,
    cell.status,
    cell.reason ?? cell.inputNpz ?? "",
  ]);
  const table = alignColumns([["dose", "view", "split", "status", "reason or input"], ...rows]);
  const notes = [
    ...plan.notes,
    ...plan.cells.flatMap((cell) => cell.notes.map(({ message }) => `${formatCellName(cell)}: ${message}`)),
  ];
  const gaps = totals.missing ? ` (Phase C ${totals.missingPhaseC}, Phase D ${totals.missingPhaseD})` : "";
  const sum = `${totals.cells} cells: ${totals.selected} selected, ${totals.filtered} filtered, ${totals.missing} missing${gaps}`;
  const blocks = [head, formatProgressLines(plan), table, [sum]];
  if (notes.length > 0) blocks.push(["Notes:", ...notes.map((note) => `  ${note}`)]);
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd());
}
