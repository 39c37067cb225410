// `ptycho study compare`: every finished cell against its truth, and the table of all.

import { join } from "node:path";
import { type CellOutcome, formatSummaryTable, summarizeCells } from "../../compare/metrics-summary.ts";
import { InputError, OptionsError, PtychoError } from "../../errors.ts";
import { formatJson } from "../../results/json-text.ts";
import { fromPieces, writeFileAtomic } from "../atomic-write.ts";
import type { Command } from "../command.ts";
import { compareFlags, readCompareOptions } from "../compare-flags.ts";
import { writeComparison } from "../compare-output.ts";
import { type CommandFlag, describeCommandFlags, parseLine } from "../flags.ts";
import { compareStudyCell } from "./compare-cell.ts";
import { type FoundCell, findCells, findTruth, type TruthRoots } from "./find-cells.ts";

const USAGE = "ptycho study compare --artifact-root FOLDER [options]";
/** Files of the artifact root, both made anew by every call. */
export const SUMMARY_NAMES = ["metrics_summary.json", "metrics_summary.md"] as const;

const commandFlags = {
  "artifact-root": { kind: "value", value: "FOLDER", help: "where the results are (needed)" },
  "phase-c-root": { kind: "value", value: "FOLDER", help: "Phase C data [as run.json of the cell records it]" },
  "phase-d-root": { kind: "value", value: "FOLDER", help: "Phase D data [as run.json of the cell records it]" },
  "data-root": { kind: "value", value: "FOLDER", help: "folder that holds phase_c and phase_d" },
  dose: { kind: "value", value: "PHOTONS", help: "this dose only" },
  view: { kind: "value", value: "NAME", help: "this view only" },
  split: { kind: "value", value: "train|test", help: "this split only" },
  ...compareFlags,
  json: { kind: "switch", help: "metrics_summary.json on standard output instead of the table" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

export const compareCommand: Command = {
  name: "compare",
  summary: "score every finished cell against its truth",
  help: () =>
    `Usage: ${USAGE}\n\nWrites comparison_metrics.csv, comparison.json and comparison.png into every cell, and metrics_summary.json and\nmetrics_summary.md into the artifact root. Exit code 1 when a cell could not be scored.\n\n${describeCommandFlags(commandFlags)}\n`,
  async run(argv, io) {
    const { positionals, command } = parseLine(argv, [], commandFlags);
    const text = (name: keyof typeof commandFlags) => (typeof command[name] === "string" ? command[name] : null);
    const artifactRoot = text("artifact-root");
    if (artifactRoot === null || positionals.length > 0) {
      const message = "an artifact folder and nothing else is needed";
      throw new OptionsError("CLI_USAGE", message, { remedy: `Usage: ${USAGE}` }, 2);
    }
    const options = readCompareOptions(command);
    const [model, truthKey] = [text("model"), text("truth-key")];
    const named = { ...(model === null ? {} : { model }), ...(truthKey === null ? {} : { truthKey }) };
    const roots: TruthRoots = {
      artifactRoot,
      phaseCRoot: text("phase-c-root"),
      phaseDRoot: text("phase-d-root"),
      dataRoot: text("data-root"),
    };
    const found = await findCells(artifactRoot);
    const chosen = filterCells(found, readDose(text("dose")), text("view"), text("split"));
    if (chosen.length === 0) {
      const got = found.length === 0 ? "no results" : `${found.length} results, none of which the filters leave`;
      const expected = "dose_<photons>/<view>/<split>/ptychi_reconstruction.npz";
      throw new InputError(
        "COMPARE_NOTHING",
        "there is nothing to compare",
        { source: artifactRoot, expected, got },
        66,
      );
    }
    const outcomes: CellOutcome[] = [];
    for (const cell of chosen) {
      const outcome = await compareCell(cell, roots, { ...options, ...named });
      outcomes.push(outcome);
      const place = `dose ${cell.dose}, ${cell.view}, ${cell.split}`;
      if (!command.json) io.stderr(`${place}: ${outcome.error === null ? "scored" : outcome.error}\n`);
    }
    const summary = `${formatJson(summarizeCells(outcomes)).text}\n`;
    const table = formatSummaryTable(outcomes);
    const write = (name: string, content: string) =>
      writeFileAtomic({ path: join(artifactRoot, name), produce: fromPieces([content]) }, { overwrite: true });
    await write(SUMMARY_NAMES[1], `# Figures of the study's cells\n\n${table}`);
    await write(SUMMARY_NAMES[0], summary);
    io.stdout(command.json ? summary : table);
    return outcomes.some(({ error }) => error !== null) ? 1 : 0;
  },
};

/** A cell's outcome; what is wrong with one cell does not stop the others. Output errors do. */
async function compareCell(
  cell: FoundCell,
  roots: TruthRoots,
  options: Parameters<typeof compareStudyCell>[2],
): Promise<CellOutcome> {
  const { dose, view, split, resultPath: result } = cell;
  let truth: string | null = null;
  try {
    truth = await findTruth(cell, roots);
    const comparison = await compareStudyCell(result, truth, options);
    const { metrics, refused, notes } = comparison;
    await writeComparison(cell.folder, comparison, { overwrite: true, title: `dose ${dose}, ${view}, ${split}` });
    return { dose, view, split, metrics, error: refused && `not scored: ${refused}`, result, truth, notes };
  } catch (error) {
    if (!(error instanceof PtychoError) || (error.exitCode !== 65 && error.exitCode !== 66)) throw error;
    return { dose, view, split, metrics: [], error: error.message, result, truth, notes: [] };
  }
}

function filterCells(cells: readonly FoundCell[], dose: number | null, view: string | null, split: string | null) {
  return cells.filter(
    (cell) =>
      (dose === null || cell.dose === dose) &&
      (view === null || cell.view === view) &&
      (split === null || cell.split === split),
  );
}

function readDose(text: string | null): number | null {
  if (text === null) return null;
  const dose = Number(text);
  if (text.trim() !== "" && dose > 0 && Number.isFinite(dose)) return Math.trunc(dose);
  const details = { source: "--dose", expected: "a number of photons", got: text };
  throw new OptionsError("CLI_VALUE", "not a valid value", details, 2);
}
