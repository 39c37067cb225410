// The command line of `ptycho reconstruct` as a checked request: options from file and flags, outputs that can be written.

import { dirname, resolve } from "node:path";
import type { DatasetNote } from "../data/dataset.ts";
import { OptionsError, OutputError } from "../errors.ts";
import { parseOptions, type ReconstructOptions, reconstructOptionsSchema } from "../options.ts";
import { parseSchedule } from "../schedule/explicit.ts";
import { RESULT_NAMES } from "./artifacts.ts";
import { listCheckpoints } from "./checkpoint-files.ts";
import { mergeOptions, onePositional } from "./command.ts";
import { nodeFileSystem } from "./file-system.ts";
import { type CommandFlag, makeFlags, parseLine } from "./flags.ts";
import { assertFree } from "./folder-lock.ts";
import type { DeviceChoice } from "./gpu-device.ts";
import { readJsonFile, readWholeFile } from "./json-file.ts";
import { assertReplaceable } from "./output-checks.ts";
import { checkOutputFolder } from "./output-folder.ts";
import type { ScanRun } from "./run-scan.ts";
import { STOP_SECONDS } from "./signals.ts";

export const RECONSTRUCT_USAGE = "ptycho reconstruct scan.npz --output FOLDER [options]";
const LARGEST_SCHEDULE_BYTES = 2 ** 30;
const LARGEST_MASK_BYTES = 2 ** 26;
const CHECKPOINT_SECONDS = 60;

export const reconstructCommandFlags = {
  output: {
    kind: "value",
    value: "FOLDER",
    short: "o",
    help: "where reconstruction.npz, reconstruction.png and run.json go (needed)",
  },
  overwrite: { kind: "switch", help: "replace an existing result" },
  resume: {
    kind: "switch",
    help: "go on from the checkpoint of an unfinished run in the output folder; a finished result is kept",
  },
  "checkpoint-seconds": {
    kind: "value",
    value: "SECONDS",
    help: `least time between checkpoints; 0 = every epoch, none = no checkpoints [${CHECKPOINT_SECONDS}]`,
  },
  "stop-seconds": {
    kind: "value",
    value: "SECONDS",
    help: `time to stop with a checkpoint after a signal; then the run ends as it is [${STOP_SECONDS}]`,
  },
  "break-lock": { kind: "switch", help: "take the output folder although another process holds it" },
  config: { kind: "value", value: "FILE", help: "options as JSON, or the run.json of a run; flags win over it" },
  intensity: { kind: "switch", help: "the patterns are intensities or counts" },
  amplitude: { kind: "switch", help: "the patterns are amplitudes" },
  mask: { kind: "value", value: "FILE", help: "valid-pixel mask (.npy, true = valid); replaces a member `mask`" },
  schedule: { kind: "value", value: "FILE", help: "explicit minibatch schedule (JSON)" },
  "export-schedule": { kind: "value", value: "FILE", help: "write the minibatch schedule that was used" },
  device: { kind: "value", value: "auto|gpu|software", help: "which kind of adapter; gpu never falls back [auto]" },
  adapter: { kind: "value", value: "NAME", help: "part of any name of the adapter, in capitals or not" },
  json: { kind: "switch", help: "JSON Lines on standard output" },
  quiet: { kind: "switch", help: "errors only" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

export const reconstructFlags = makeFlags(reconstructOptionsSchema);

/** Everything the command line asks for, checked. */
export interface ReconstructRequest {
  readonly input: string;
  readonly output: string;
  readonly overwrite: boolean;
  readonly resume: boolean;
  readonly breakLock: boolean;
  /** 0 = every epoch, null = none. */
  readonly checkpointSeconds: number | null;
  /** Time from a signal to the end, at most. */
  readonly stopSeconds: number;
  readonly options: ReconstructOptions;
  /** Remarks on the command line. */
  readonly notes: readonly DatasetNote[];
  readonly mask: ScanRun["mask"];
  readonly schedule: ScanRun["schedule"];
  readonly exportSchedule: string | null;
  readonly device: DeviceChoice;
  readonly adapter: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * Checks a command line, and that its outputs can be written. Throws OptionsError (2, 78), InputError (66) for files named
 * by flags, OutputError (74), BusyError LOCK_HELD (75).
 */
export async function readReconstructRequest(argv: readonly string[]): Promise<ReconstructRequest> {
  const { positionals, command, options: given } = parseLine(argv, reconstructFlags, reconstructCommandFlags);
  const text = (name: keyof typeof reconstructCommandFlags) =>
    typeof command[name] === "string" ? command[name] : null;
  const input = onePositional(positionals, "scan", RECONSTRUCT_USAGE);
  const output = text("output");
  if (output === null) throw usageError("an output folder is needed");
  if (command.intensity && command.amplitude) throw usageError("--intensity and --amplitude exclude each other");
  if (command.resume && command.overwrite) throw usageError("--resume and --overwrite exclude each other");
  const quantity = command.intensity ? "intensity" : command.amplitude ? "amplitude" : null;
  if (quantity) given.data = { ...(given.data as object | undefined), quantity };
  const schedulePath = text("schedule");
  const maskPath = text("mask");
  const notes: DatasetNote[] = [];
  const request: ReconstructRequest = {
    input,
    output,
    overwrite: command.overwrite === true,
    resume: command.resume === true,
    breakLock: command["break-lock"] === true,
    checkpointSeconds: readCheckpointSeconds(text("checkpoint-seconds")),
    stopSeconds: readDuration("--stop-seconds", text("stop-seconds"), STOP_SECONDS),
    options: await mergeOptions(text("config") ?? undefined, given, reconstructFlags, parseOptions, (remark) => {
      notes.push(remark);
    }),
    notes,
    mask: maskPath === null ? null : { path: maskPath, npy: await readWholeFile(maskPath, LARGEST_MASK_BYTES) },
    schedule:
      schedulePath === null
        ? null
        : {
            path: schedulePath,
            value: parseSchedule(await readJsonFile(schedulePath, LARGEST_SCHEDULE_BYTES), schedulePath),
          },
    exportSchedule: text("export-schedule"),
    device: readDeviceChoice(text("device")),
    adapter: text("adapter"),
    json: command.json === true,
    quiet: command.quiet === true,
  };
  // a run under way explains what lies in its folder better than its files do
  if (!request.breakLock) await assertFree(output);
  await checkOutputs(request);
  return request;
}

/** `--device`; shared by every command that computes. */
export function readDeviceChoice(text: string | null): DeviceChoice {
  if (text === null) return "auto";
  if (text === "auto" || text === "gpu" || text === "software") return text;
  throw valueError("--device", "auto, gpu or software", text);
}

/** `--checkpoint-seconds`. */
export function readCheckpointSeconds(text: string | null): number | null {
  if (text === null) return CHECKPOINT_SECONDS;
  if (text === "none") return null;
  const seconds = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw valueError("--checkpoint-seconds", "seconds from 0 on, or none", text);
}

/** A flag of seconds above 0; `standard` when it was not given. */
export function readDuration(flag: string, text: string | null, standard: number): number {
  if (text === null) return standard;
  const seconds = text.trim() === "" ? Number.NaN : Number(text);
  if (seconds > 0 && seconds < 1e6) return seconds;
  throw valueError(flag, "seconds above 0", text);
}

/** Throws OutputError (74) when the outputs of a request cannot be written or would replace what it must not. */
export async function checkOutputs(request: ReconstructRequest): Promise<void> {
  const { output, exportSchedule } = request;
  const names = Object.values(RESULT_NAMES);
  if (!request.overwrite && !request.resume && (await listCheckpoints(output)).length > 0) {
    await checkOutputFolder(output, [], false);
    throw new OutputError("OUTPUT_EXISTS", "an unfinished run has a checkpoint here", {
      source: output,
      remedy: "Add --resume to go on with it, or --overwrite to start anew",
    });
  }
  await checkOutputFolder(output, names, request.overwrite || request.resume);
  if (exportSchedule === null) return;
  if (names.some((name) => resolve(output, name) === resolve(exportSchedule))) {
    throw usageError("--export-schedule names a file of the result");
  }
  await assertReplaceable(exportSchedule, request.overwrite || request.resume);
  const folder = dirname(resolve(exportSchedule));
  if (folder === resolve(output)) return; // made with the result
  if ((await nodeFileSystem.kindOf(folder)) !== "nothing") return;
  throw new OutputError("OUTPUT_KIND", "the folder for the schedule does not exist", {
    source: folder,
    remedy: "Make it, or give another place with --export-schedule",
  });
}

function usageError(message: string): OptionsError {
  return new OptionsError("CLI_USAGE", message, { remedy: `Usage: ${RECONSTRUCT_USAGE}` }, 2);
}

function valueError(source: string, expected: string, got: string): OptionsError {
  return new OptionsError("CLI_VALUE", "not a valid value", { source, expected, got }, 2);
}
