// What every command of `ptycho` shares: its streams, its errors, its options from file and flags.

import type { DatasetNote } from "../data/dataset.ts";
import { OptionsError, PtychoError } from "../errors.ts";
import { RECORD_FORMAT } from "../results/run-record.ts";
import { blameFlag, type OptionFlag } from "./flags.ts";
import { readJsonFile } from "./json-file.ts";

/** Where a command writes; tests bring their own. */
export interface CommandIo {
  stdout(text: string): void;
  stderr(text: string): void;
  /** True when stderr is a terminal that understands carriage returns. */
  readonly interactive: boolean;
}

/** A command: arguments after its name to exit code. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** `argv`: what was given after the name, for commands that have commands of their own. */
  help(argv?: readonly string[]): string;
  run(argv: readonly string[], io: CommandIo): Promise<number>;
}

/** A run.json holds numbers for every pattern. */
const LARGEST_OPTIONS_FILE = 2 ** 28;

/**
 * Options of `--config` overlaid by flags, checked; a record of an earlier run stands for its options, of which `note` is
 * told. A bad value in the file is exit 78 with the file's name, a bad flag exit 2 with the flag's.
 */
export async function mergeOptions<T>(
  configPath: string | undefined,
  given: Record<string, unknown>,
  flags: readonly OptionFlag[],
  parse: (input: unknown, source: string) => T,
  note: (remark: DatasetNote) => void = () => {},
): Promise<T> {
  const read = configPath === undefined ? {} : await readJsonFile(configPath, LARGEST_OPTIONS_FILE);
  const config = configPath === undefined ? read : unwrapRecord(read, configPath, note);
  if (configPath !== undefined) parse(config, configPath);
  try {
    return parse(overlay(config as Record<string, unknown>, given), "command line");
  } catch (error) {
    throw blameFlag(error, flags, given);
  }
}

/** The options of a run.json; anything else as it is. */
function unwrapRecord(read: unknown, path: string, note: (remark: DatasetNote) => void): unknown {
  if (!isGroup(read) || read.format !== RECORD_FORMAT || !isGroup(read.options)) return read;
  const { schedule, input } = read;
  const files = [
    ...(isGroup(schedule) && schedule.source !== "seed" ? [`--schedule (it was ${schedule.source})`] : []),
    ...(isGroup(input) && typeof input.maskFile === "string" ? [`--mask (it was ${input.maskFile})`] : []),
  ];
  const more = files.length > 0 ? `; to repeat it, also pass ${files.join(" and ")}` : "";
  note({ level: "info", code: "CONFIG_RECORD", message: `${path}: the options of that run are taken${more}` });
  return read.options;
}

/** One positional argument, or a usage error (exit 2). */
export function onePositional(positionals: readonly string[], what: string, usage: string): string {
  if (positionals.length === 1) return positionals[0]!;
  const got = positionals.length === 0 ? "none" : positionals.join(" ");
  throw new OptionsError("CLI_USAGE", `one ${what} is needed`, { got, remedy: `Usage: ${usage}` }, 2);
}

/** The line a user sees for an error; the stack only with `debug`. `report`: file that tells more, if there is one. */
export function describeError(error: unknown, debug: boolean, report: string | null = null): string {
  if (error instanceof PtychoError)
    return debug ? `ptycho: ${error.message}\n${error.stack}` : `ptycho: ${error.message}`;
  const text = error instanceof Error ? error.message : String(error);
  const remedy = report === null ? "Run again with --debug and report it" : `Please report it, with the file ${report}`;
  const stack = debug && error instanceof Error ? `\n${error.stack}` : "";
  return `ptycho: internal error: ${text.split("\n")[0]} [INTERNAL]. ${remedy}${stack}`;
}

/** The same as an object for `--json`. */
export function errorRecord(error: unknown): Record<string, unknown> {
  if (error instanceof PtychoError) {
    return { event: "error", code: error.code, exitCode: error.exitCode, message: error.message, ...error.details };
  }
  return {
    event: "error",
    code: "INTERNAL",
    exitCode: 70,
    message: error instanceof Error ? error.message : String(error),
  };
}

/** Exit code of an error: its own, or 70 for what should not happen. */
export function exitCodeOf(error: unknown): number {
  return error instanceof PtychoError ? error.exitCode : 70;
}

function overlay(base: Record<string, unknown>, above: Record<string, unknown>): Record<string, unknown> {
  const result = { ...base };
  for (const [key, value] of Object.entries(above)) {
    const below = result[key];
    result[key] = isGroup(value) && isGroup(below) ? overlay(below, value) : value;
  }
  return result;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
