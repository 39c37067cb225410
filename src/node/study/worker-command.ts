// `ptycho study-worker`: started by `ptycho study run`, not by people.

import type { Command } from "../command.ts";
import { type CommandFlag, parseLine } from "../flags.ts";
import { readDeviceChoice } from "../reconstruct-request.ts";
import { serveJobs } from "./worker.ts";

const commandFlags = {
  device: { kind: "value", help: "" },
  adapter: { kind: "value", help: "" },
  parent: { kind: "value", help: "" },
} as const satisfies Record<string, CommandFlag>;

export const workerCommand: Command = {
  name: "study-worker",
  summary: "worker of `ptycho study run`",
  help: () => "This command is started by `ptycho study run`.\n",
  async run(argv) {
    const { command } = parseLine(argv, [], commandFlags);
    const text = (name: keyof typeof commandFlags) => (typeof command[name] === "string" ? command[name] : null);
    const choice = { device: readDeviceChoice(text("device")), adapter: text("adapter") };
    return await serveJobs(choice, Number(text("parent") ?? process.ppid));
  },
};
