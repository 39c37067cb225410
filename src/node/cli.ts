// The command line `ptycho`: which command, its errors, its exit code (reliability.md section 8).

import { OptionsError, PtychoError } from "../errors.ts";
import { findNearestName } from "../options-issue.ts";
import { readVersions } from "./artifacts.ts";
import { type Command, type CommandIo, describeError, errorRecord, exitCodeOf } from "./command.ts";
import { compareCommand } from "./commands/compare.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { optionsCommand } from "./commands/options.ts";
import { reconstructCommand } from "./commands/reconstruct.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { studyCommand } from "./commands/study.ts";
import { tuneCommand } from "./commands/tune.ts";
import { writeCrashReport } from "./crash-report.ts";
import { workerCommand } from "./study/worker-command.ts";

const commands: readonly Command[] = [
  reconstructCommand,
  inspectCommand,
  simulateCommand,
  studyCommand,
  compareCommand,
  doctorCommand,
  tuneCommand,
  optionsCommand,
];

/** Runs a command line without the program's name; never rejects. Returns the exit code. */
export async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  try {
    return await dispatch(argv, io);
  } catch (error) {
    const report = error instanceof PtychoError ? null : writeCrashReport(error);
    if (argv.includes("--json"))
      io.stdout(`${JSON.stringify({ ...errorRecord(error), ...(report ? { report } : {}) })}\n`);
    io.stderr(`${describeError(error, argv.includes("--debug"), report)}\n`);
    return exitCodeOf(error);
  }
}

async function dispatch(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version" || name === "-V") {
    io.stdout(`${readVersions()["ptycho-webgpu"]}\n`);
    return 0;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const asked = commands.find((command) => command.name === rest[0]);
    io.stdout(asked ? asked.help(rest.slice(1)) : overview());
    return name === undefined ? 2 : 0;
  }
  const command = [...commands, workerCommand].find((candidate) => candidate.name === name);
  if (!command) {
    const nearest = findNearestName(
      name,
      commands.map((candidate) => candidate.name),
    );
    const remedy = nearest ? `Did you mean ${nearest}?` : "See ptycho --help";
    throw new OptionsError("CLI_COMMAND", "unknown command", { got: name, remedy }, 2);
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    io.stdout(command.help(rest));
    return 0;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    throw nameOwner(error, command);
  }
}

/** An unknown flag that another command has, with that command's name; help texts list every flag. */
function nameOwner(error: unknown, command: Command): unknown {
  if (!(error instanceof OptionsError) || error.code !== "CLI_FLAG") return error;
  const flag = error.details.source!;
  const lists = (text: string) => text.split(/[\s,]+/).includes(flag);
  const owners = commands.filter((other) => other !== command && lists(other.help())).map(({ name }) => name);
  if (owners.length === 0) return error;
  const remedy = `It belongs to ptycho ${owners.join(" and ")}`;
  return new OptionsError(error.code, "unknown flag", { source: flag, remedy }, 2);
}

function overview(): string {
  const lines = commands.map((command) => `  ${command.name.padEnd(12)} ${command.summary}`);
  return `ptycho: ptychographic reconstruction on WebGPU\n\nUsage: ptycho COMMAND [options]\n\n${lines.join("\n")}\n\nptycho COMMAND --help lists a command's options.\n`;
}

/** Entry of the program: runs, then ends the process once the streams are empty. */
export async function runProgram(): Promise<void> {
  // a closed pipe or terminal must not stop a run that still has files to write
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const fail = (error: unknown) => {
    const report = writeCrashReport(error);
    process.stderr.write(`${describeError(error, process.argv.includes("--debug"), report)}\n`);
    process.exit(70);
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  const code = await main(process.argv.slice(2), {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    interactive: process.stderr.isTTY === true,
  });
  await Promise.race([
    Promise.all([process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write("", resolve)))),
    new Promise((resolve) => setTimeout(resolve, 2000)),
  ]);
  // everything is on disk by now; no driver thread and no open handle may delay the end or change its code
  process.exit(code);
}
