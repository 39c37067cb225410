// `ptycho doctor`: which adapter a run would use, which were refused and why, and whether it computes right.

import { runSelfTest } from "../../engine/self-test.ts";
import { OptionsError } from "../../errors.ts";
import { formatJson } from "../../results/json-text.ts";
import type { Command } from "../command.ts";
import { formatDoctorReport, runDoctor } from "../doctor.ts";
import { type CommandFlag, describeCommandFlags, parseLine } from "../flags.ts";
import type { DeviceChoice } from "../gpu-device.ts";

const commandFlags = {
  device: { kind: "value", value: "auto|gpu|software", help: "which kind of adapter [auto]" },
  adapter: { kind: "value", value: "NAME", help: "part of any name of the adapter, in capitals or not" },
  json: { kind: "switch", help: "one JSON object on standard output" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

export const doctorCommand: Command = {
  name: "doctor",
  summary: "explain and test the adapters of this machine",
  help: () => `Usage: ptycho doctor [--json]\n\n${describeCommandFlags(commandFlags)}\n`,
  async run(argv, io) {
    const { command } = parseLine(argv, [], commandFlags);
    const device = command.device ?? "auto";
    if (device !== "auto" && device !== "gpu" && device !== "software") {
      throw new OptionsError(
        "CLI_VALUE",
        "not a valid value",
        { source: "--device", expected: "auto, gpu or software", got: String(device) },
        2,
      );
    }
    const report = await runDoctor({
      device: device as DeviceChoice,
      ...(typeof command.adapter === "string" ? { adapter: command.adapter } : {}),
      selfTest: runSelfTest,
    });
    io.stdout(command.json ? formatJson(report).text : `${formatDoctorReport(report)}\n`);
    return report.exitCode;
  },
};
