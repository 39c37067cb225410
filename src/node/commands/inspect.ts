// `ptycho inspect scan.npz`: what a careful colleague would say about a file before running it.

import { inspectDataset } from "../../data/inspect.ts";
import { formatInspection } from "../../data/inspect-format.ts";
import { layOutCanvas } from "../../engine/canvas.ts";
import { parseOptions, reconstructOptionsSchema } from "../../options.ts";
import { formatJson } from "../../results/json-text.ts";
import { type Command, mergeOptions, onePositional } from "../command.ts";
import { fileAccess, nodeReaderTools } from "../file-access.ts";
import { type CommandFlag, describeCommandFlags, describeFlags, makeFlags, parseLine } from "../flags.ts";

const USAGE = "ptycho inspect scan.npz [--quick] [--json] [options]";

const commandFlags = {
  quick: { kind: "switch", help: "read headers only" },
  json: { kind: "switch", help: "one JSON object on standard output" },
  config: { kind: "value", value: "FILE", help: "options as JSON, or the run.json of a run; flags win over it" },
  intensity: { kind: "switch", help: "the patterns are intensities or counts" },
  amplitude: { kind: "switch", help: "the patterns are amplitudes" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

const flags = makeFlags(reconstructOptionsSchema).filter(
  ({ option }) => option.path[0] === "data" || option.path[0] === "canvas",
);

export const inspectCommand: Command = {
  name: "inspect",
  summary: "describe a scan file",
  help: () =>
    `Usage: ${USAGE}\n\n${describeCommandFlags(commandFlags)}\n\nHow to read the file [default]:\n${describeFlags(flags)}\n`,
  async run(argv, io) {
    const { positionals, command, options: given } = parseLine(argv, flags, commandFlags);
    const path = onePositional(positionals, "scan", USAGE);
    const quantity = command.intensity ? "intensity" : command.amplitude ? "amplitude" : null;
    if (quantity) given.data = { ...(given.data as object | undefined), quantity };
    const config = typeof command.config === "string" ? command.config : undefined;
    const options = await mergeOptions(config, given, flags, parseOptions);
    const access = await fileAccess(path);
    const canvasOf = (positionsPx: Float64Array, frame: readonly [number, number]) =>
      layOutCanvas(positionsPx, frame, options.canvas);
    try {
      const report = await inspectDataset(
        access,
        { data: options.data, layOutCanvas: canvasOf, quick: command.quick === true },
        nodeReaderTools(),
      );
      io.stdout(command.json ? formatJson(report).text : formatInspection(report));
      if (!command.json) io.stdout("\n");
      return report.findings.some(({ level }) => level === "error") ? 65 : 0;
    } finally {
      await access.close();
    }
  },
};
