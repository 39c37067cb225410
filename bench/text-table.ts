// Tables of results: aligned for a terminal, or Markdown.

/** A column: its heading and what it shows of a row; null is a dash. */
export interface Column<Row> {
  readonly title: string;
  readonly show: (row: Row) => string | number | null;
}

/** Lines for a terminal: numbers and their headings to the right. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = listCells(columns, rows);
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) => row.map((cell, column) => cell.padStart(widths[column]!)).join("  "));
}

/** Lines of a Markdown table, padded so that it also reads well as text. */
export function formatMarkdown<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = listCells(columns, rows);
  const widths = columns.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)));
  const format = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [format(cells[0]!), format(widths.map((width) => "-".repeat(width))), ...cells.slice(1).map(format)];
}

function listCells<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[][] {
  const show = (value: string | number | null) => (value === null ? "-" : String(value));
  return [columns.map(({ title }) => title), ...rows.map((row) => columns.map((column) => show(column.show(row))))];
}

/** A number with three or more significant digits and no exponent; null for what is unknown. */
export function significant(value: number | null | undefined, digits = 3): string | null {
  if (value === null || value === undefined || !Number.isFinite(value)) return null;
  if (value === 0) return "0";
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 12));
}

/** A share as whole per cent. */
export function percent(share: number | null): string | null {
  return share === null || !Number.isFinite(share) ? null : `${(100 * share).toFixed(0)} %`;
}
