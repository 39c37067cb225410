// `ptycho study COMMAND`: from Phase E's training manifest to a finished baseline.

import { OptionsError } from "../../errors.ts";
import { findNearestName } from "../../options-issue.ts";
import type { Command } from "../command.ts";
import { compareCommand } from "../study/compare-command.ts";
import { generateCommand } from "../study/generate-command.ts";
import { planCommand } from "../study/plan-command.ts";
import { runCommand } from "../study/run-command.ts";
import { statusCommand } from "../study/status-command.ts";

/** The commands of the study, in the order of their use. */
const commands: readonly Command[] = [generateCommand, planCommand, runCommand, statusCommand, compareCommand];

export const studyCommand: Command = {
  name: "study",
  summary: "make, plan and run the dose and overlap study",
  help: (argv = []) => commands.find(({ name }) => name === argv[0])?.help(argv.slice(1)) ?? overview(),
  async run(argv, io) {
    const [name, ...rest] = argv;
    const command = commands.find((candidate) => candidate.name === name);
    if (command) return await command.run(rest, io);
    const names = commands.map((candidate) => candidate.name);
    const nearest = name === undefined ? null : findNearestName(name, names);
    const remedy = nearest ? `Did you mean ${nearest}?` : "See ptycho study --help";
    const message = name === undefined ? "a command of the study is needed" : "unknown command of the study";
    const details = { expected: names.join(", "), got: name ?? "none", remedy };
    throw new OptionsError("CLI_COMMAND", message, details, 2);
  },
};

function overview(): string {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`);
  return `Usage: ptycho study COMMAND [options]\n\n${lines.join("\n")}\n\nptycho study COMMAND --help lists a command's options.\n`;
}
