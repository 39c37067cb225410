// `ptycho compare RECON --truth DATA [--against OTHER]`: how good a result is, and beside another.

import { basename } from "node:path";
import { formatMetricTable } from "../../compare/comparison-rows.ts";
import { NumericalError, OptionsError } from "../../errors.ts";
import { formatJson } from "../../results/json-text.ts";
import { type Command, describeError, onePositional } from "../command.ts";
import { compareFiles, type FileComparison } from "../compare-files.ts";
import { compareFlags, readCompareOptions } from "../compare-flags.ts";
import { COMPARISON_NAMES, writeComparison } from "../compare-output.ts";
import { type CommandFlag, describeCommandFlags, parseLine } from "../flags.ts";
import { checkOutputFolder, createOutputFolder } from "../output-folder.ts";

const USAGE = "ptycho compare RECON --truth DATA [--against OTHER] [--output FOLDER] [options]";

const commandFlags = {
  truth: { kind: "value", value: "DATA", help: "the scan's NPZ file with the true object (needed)" },
  against: {
    kind: "value",
    value: "OTHER",
    help: "another result, also pty-chi's, beside the first in table and picture",
  },
  output: {
    kind: "value",
    value: "FOLDER",
    short: "o",
    help: "where comparison_metrics.csv, comparison.json and comparison.png go [nothing is written]",
  },
  overwrite: { kind: "switch", help: "replace an existing comparison" },
  ...compareFlags,
  "against-model": { kind: "value", value: "NAME", help: "name of the other result in tables [by its algorithm]" },
  json: { kind: "switch", help: "one JSON object on standard output" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

export const compareCommand: Command = {
  name: "compare",
  summary: "compare a result with the truth, and with another result",
  help: () =>
    `Usage: ${USAGE}\n\nRECON and OTHER: reconstruction.npz, ptychi_reconstruction.npz, or a folder that holds one.\n\n${describeCommandFlags(commandFlags)}\n`,
  async run(argv, io) {
    const { positionals, command } = parseLine(argv, [], commandFlags);
    const path = onePositional(positionals, "result", USAGE);
    const text = (name: keyof typeof commandFlags) => (typeof command[name] === "string" ? command[name] : null);
    const truth = text("truth");
    if (truth === null) {
      throw new OptionsError("CLI_USAGE", "a file with the truth is needed", { remedy: `Usage: ${USAGE}` }, 2);
    }
    const options = readCompareOptions(command);
    const output = text("output");
    const overwrite = command.overwrite === true;
    if (output !== null) await checkOutputFolder(output, COMPARISON_NAMES, overwrite);
    const against = text("against");
    const sources = [
      { path, model: text("model") },
      ...(against === null ? [] : [{ path: against, model: text("against-model") }]),
    ];
    const comparison = await compareFiles(sources, truth, text("truth-key"), options);
    const files = output === null ? [] : await writeInto(output, comparison, overwrite, basename(truth));
    if (command.json) {
      io.stdout(`${formatJson(comparison.record).text}\n`);
    } else {
      io.stdout(formatMetricTable(comparison.rows));
      for (const note of comparison.record.notes) io.stderr(`note: ${note}\n`);
      for (const file of files) io.stdout(`${file}\n`);
    }
    return reportRefusals(comparison, (line) => io.stderr(line));
  },
};

async function writeInto(output: string, comparison: FileComparison, overwrite: boolean, title: string) {
  const folder = await createOutputFolder(output);
  try {
    return await writeComparison(folder.path, comparison, { overwrite, title });
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

/** 80 when a result was not scored; each with its reason. */
function reportRefusals({ record }: FileComparison, print: (line: string) => void): number {
  const refused = record.results.filter((result) => result.refused !== null);
  for (const { path, refused: why } of refused) {
    const error = new NumericalError("COMPARE_DEGENERATE", `not scored: ${why!.reason}`, { source: path });
    print(`${describeError(error, false)}\n`);
  }
  return refused.length > 0 ? 80 : 0;
}
