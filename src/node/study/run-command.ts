// `ptycho study run`: the LSQML baseline of every selected cell.

import { OptionsError } from "../../errors.ts";
import type { ExecutionResult } from "../../jobs/artifact-schemas.ts";
import { type PresetName, presetNames } from "../../jobs/presets.ts";
import type { Command } from "../command.ts";
import type { CommandFlag, ParsedLine } from "../flags.ts";
import { readCheckpointSeconds, readDeviceChoice, readDuration } from "../reconstruct-request.ts";
import { listenForStop, STOP_SECONDS } from "../signals.ts";
import { runStudy } from "./run-study.ts";
import {
  describeSelecting,
  parseSelecting,
  readAllowedGaps,
  readSelection,
  selectionFlags,
} from "./selection-flags.ts";
import { createReporter } from "./study-reporter.ts";
import type { StudyRunEnd, StudyRunRequest } from "./study-request.ts";

const EPOCHS = 100;
const HANG_SECONDS = 60;
/** Something is left for a later call: lock held, restarts exhausted. */
const LATER = 75;

const commandFlags = {
  ...selectionFlags,
  epochs: { kind: "value", value: "N", help: `epochs of every job [${EPOCHS}]` },
  preset: {
    kind: "value",
    value: presetNames.join("|"),
    help: "best = all patterns, photon counts, Poisson model at low dose; study = the original script's settings [best]",
  },
  "dry-run": { kind: "switch", help: "check every input and write manifest and skip summary; run nothing" },
  "keep-going": { kind: "switch", help: "go on after a job failed, or when inputs are refused or missing; exit 1" },
  resume: { kind: "switch", help: "reuse finished cells and go on with unfinished ones: the default, said aloud" },
  overwrite: { kind: "switch", help: "start every selected cell over" },
  verify: { kind: "switch", help: "read inputs and results again instead of trusting size, time and inode" },
  "regenerate-missing": {
    kind: "switch",
    help: "make inputs that the selected cells lack, as `ptycho study generate` made the others, and record that",
  },
  "exit-zero": { kind: "switch", help: "exit 0 even when jobs failed or nothing was selected, as the original did" },
  "checkpoint-seconds": {
    kind: "value",
    value: "SECONDS",
    help: "least time between checkpoints; 0 = every epoch [60]",
  },
  "watchdog-seconds": {
    kind: "value",
    value: "SECONDS",
    help: `a worker without a sign of life for so long is restarted [${HANG_SECONDS}]`,
  },
  "stop-seconds": {
    kind: "value",
    value: "SECONDS",
    help: `time to stop with a checkpoint after a signal; then the worker is ended as it is [${STOP_SECONDS}]`,
  },
  "break-lock": {
    kind: "switch",
    help: "take the artifact root, or data to be made, although another process holds it",
  },
  device: { kind: "value", value: "auto|gpu|software", help: "which kind of adapter; gpu never falls back [auto]" },
  adapter: { kind: "value", value: "NAME", help: "part of any name of the adapter, in capitals or not" },
  json: { kind: "switch", help: "JSON Lines on standard output" },
  quiet: { kind: "switch", help: "errors only" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

export const runCommand: Command = {
  name: "run",
  summary: "reconstruct every selected cell",
  help: () => describeSelecting("run", commandFlags),
  async run(argv, io) {
    const command = parseSelecting("run", argv, commandFlags);
    const request = readRequest(command);
    const style = { json: command.json === true, quiet: command.quiet === true, dryRun: request.dryRun };
    const reporter = createReporter(io, style);
    const stop = listenForStop((name) =>
      io.stderr(`\n${name}: stopping after this minibatch; once more ends at once\n`),
    );
    try {
      const end = await runStudy(request, stop, reporter);
      const outcome = exitCodeFor(end, stop.exitCode);
      const forgiven = command["exit-zero"] === true && (outcome === 1 || isJobCode(end, outcome));
      const exitCode = forgiven ? 0 : outcome;
      const results = end.results.map(({ returncode }) => returncode);
      reporter.finish(describeEnd(end, request.dryRun), { exitCode, outcome, results, gap: end.gap });
      if (end.gap !== null) io.stderr(`ptycho: ${end.gap}\n`);
      else if (end.results.length === 0 && !end.stopped) io.stderr("ptycho: no cell was selected that has its input\n");
      return exitCode;
    } finally {
      stop.release();
    }
  },
};

function readRequest(command: ParsedLine["command"]): StudyRunRequest {
  const text = (name: keyof typeof commandFlags) => (typeof command[name] === "string" ? command[name] : null);
  if (command.resume && command.overwrite) {
    throw new OptionsError("CLI_USAGE", "--resume and --overwrite exclude each other", {}, 2);
  }
  const preset = text("preset") ?? "best";
  if (!(presetNames as readonly string[]).includes(preset)) throw refuse("preset", presetNames.join(", "), preset);
  return {
    selection: { ...readSelection(command), numEpochs: readEpochs(text("epochs")) },
    allowed: readAllowedGaps(command),
    preset: preset as PresetName,
    dryRun: command["dry-run"] === true,
    keepGoing: command["keep-going"] === true,
    overwrite: command.overwrite === true,
    verify: command.verify === true,
    regenerateMissing: command["regenerate-missing"] === true,
    breakLock: command["break-lock"] === true,
    checkpointSeconds: readCheckpointSeconds(text("checkpoint-seconds")),
    hangSeconds: readDuration("--watchdog-seconds", text("watchdog-seconds"), HANG_SECONDS),
    stopSeconds: readDuration("--stop-seconds", text("stop-seconds"), STOP_SECONDS),
    device: { device: readDeviceChoice(text("device")), adapter: text("adapter") },
  };
}

function readEpochs(given: string | null): number {
  if (given === null) return EPOCHS;
  const epochs = given.trim() === "" ? Number.NaN : Number(given);
  if (Number.isInteger(epochs) && epochs >= 1 && epochs < 2 ** 31) return epochs;
  throw refuse("epochs", "an integer of at least 1", given);
}

/**
 * The signal's code when it was stopped; 1 when nothing was selected; the job's own code when it was the only one; 75 when
 * restarts were exhausted and nothing failed for good; 1 when several jobs ran and one failed, or inputs are missing.
 */
export function exitCodeFor(end: StudyRunEnd, signalCode: number | null): number {
  if (end.stopped) return signalCode ?? LATER;
  const codes = end.results.map(({ returncode }) => returncode);
  if (codes.length === 0) return 1;
  const failed = codes.filter((code) => code !== null && code !== 0);
  if (failed.length === 0) return codes.includes(null) ? LATER : end.gap === null ? 0 : 1;
  if (codes.length === 1) return failed[0]!;
  return failed.every((code) => code === LATER) ? LATER : 1;
}

function isJobCode({ results }: StudyRunEnd, code: number): boolean {
  return results.length === 1 && results[0]!.returncode === code && code !== LATER;
}

function describeEnd({ results, stopped }: StudyRunEnd, dryRun: boolean): string {
  if (results.length === 0) return stopped ? "Stopped before anything ran." : "Nothing was selected.";
  const count = (fits: (result: ExecutionResult) => boolean) => results.filter(fits).length;
  const reused = count((result) => result.reused === true);
  const good = count(({ returncode }) => returncode === 0);
  const open = count(({ returncode }) => returncode === null);
  const bad = results.length - good - open;
  if (dryRun) {
    const left = open > 0 ? `, ${open} not looked at` : "";
    return `Dry run: ${good} of ${results.length} inputs are fit, ${bad} refused${left}`;
  }
  const again = reused > 0 ? ` (${reused} reused)` : "";
  const left = open > 0 ? `, ${open} not finished` : "";
  return `${stopped ? "Stopped: " : ""}${good} of ${results.length} jobs finished${again}, ${bad} failed${left}`;
}

function refuse(name: string, expected: string, got: string): OptionsError {
  return new OptionsError("CLI_VALUE", "not a valid value", { source: `--${name}`, expected, got }, 2);
}
