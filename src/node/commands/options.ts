// `ptycho options`: every option of a reconstruction, as a list or as JSON Schema.

import { reconstructOptionsSchema } from "../../options.ts";
import { optionsJsonSchema } from "../../options-help.ts";
import type { Command } from "../command.ts";
import { type CommandFlag, describeCommandFlags, describeFlags, makeFlags, parseLine } from "../flags.ts";

const commandFlags = {
  "json-schema": { kind: "switch", help: "JSON Schema of an options file" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

export const optionsCommand: Command = {
  name: "options",
  summary: "list the options of a reconstruction",
  help: () => `Usage: ptycho options [--json-schema]\n\n${describeCommandFlags(commandFlags)}\n`,
  async run(argv, io) {
    const { command } = parseLine(argv, [], commandFlags);
    if (command["json-schema"]) io.stdout(`${JSON.stringify(optionsJsonSchema(reconstructOptionsSchema), null, 2)}\n`);
    else io.stdout(`${describeFlags(makeFlags(reconstructOptionsSchema))}\n`);
    return 0;
  },
};
