// `ptycho reconstruct scan.npz --output out/`: check, read, open, reconstruct, write.

import { readDataset } from "../../data/contract.ts";
import type { Dataset } from "../../data/dataset.ts";
import { type PreparedProblem, prepareRun, reconstructPrepared } from "../../engine/reconstruct.ts";
import type { ReconstructResult } from "../../engine/result.ts";
import { OptionsError } from "../../errors.ts";
import { parseOptions, type ReconstructOptions, reconstructOptionsSchema } from "../../options.ts";
import { parseSchedule, serializePlan } from "../../schedule/explicit.ts";
import type { Schedule } from "../../schedule/schedule.ts";
import { RESULT_NAMES, type RunFacts, writeArtifacts } from "../artifacts.ts";
import { assertReplaceable, fromPieces, writeFileAtomic } from "../atomic-write.ts";
import { type Command, type CommandIo, mergeOptions, onePositional } from "../command.ts";
import { fileAccess, nodeReaderTools } from "../file-access.ts";
import {
  type CommandFlag,
  describeCommandFlags,
  describeFlags,
  makeFlags,
  type ParsedLine,
  parseLine,
} from "../flags.ts";
import { type DeviceChoice, formatAdapterLine, type OpenedDevice, openDevice } from "../gpu-device.ts";
import { readJsonFile, readWholeFile } from "../json-file.ts";
import { checkOutputFolder, createOutputFolder } from "../output-folder.ts";
import { type ProgressStyle, reportProgress } from "../progress.ts";
import { listenForStop, type StopRequest } from "../signals.ts";

const USAGE = "ptycho reconstruct scan.npz --output FOLDER [options]";
const LARGEST_SCHEDULE_BYTES = 2 ** 30;
const LARGEST_MASK_BYTES = 2 ** 26;

const commandFlags = {
  output: {
    kind: "value",
    value: "FOLDER",
    short: "o",
    help: "where reconstruction.npz, reconstruction.png and run.json go (needed)",
  },
  overwrite: { kind: "switch", help: "replace an existing result" },
  config: { kind: "value", value: "FILE", help: "options as JSON; flags win over it" },
  intensity: { kind: "switch", help: "the patterns are intensities or counts" },
  amplitude: { kind: "switch", help: "the patterns are amplitudes" },
  mask: { kind: "value", value: "FILE", help: "valid-pixel mask (.npy, true = valid); replaces a member `mask`" },
  schedule: { kind: "value", value: "FILE", help: "explicit minibatch schedule (JSON)" },
  "export-schedule": { kind: "value", value: "FILE", help: "write the minibatch schedule that was used" },
  device: { kind: "value", value: "auto|gpu|software", help: "which kind of adapter; gpu never falls back [auto]" },
  adapter: { kind: "value", value: "NAME", help: "part of the adapter's name" },
  json: { kind: "switch", help: "JSON Lines on standard output" },
  quiet: { kind: "switch", help: "errors only" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

const flags = makeFlags(reconstructOptionsSchema);

export const reconstructCommand: Command = {
  name: "reconstruct",
  summary: "reconstruct a scan",
  help: () =>
    `Usage: ${USAGE}\n\n${describeCommandFlags(commandFlags)}\n\nOptions of the reconstruction (also in --config) [default]:\n${describeFlags(flags)}\n`,
  async run(argv, io) {
    const line = parseLine(argv, flags, commandFlags);
    const request = await readRequest(line);
    await checkOutputFolder(request.output, RESULT_NAMES, request.overwrite);
    if (request.exportSchedule) await assertReplaceable(request.exportSchedule, request.overwrite);
    const stop = listenForStop((name) =>
      io.stderr(`\n${name}: stopping after this minibatch; once more ends at once\n`),
    );
    try {
      return await runRequest(request, io, stop);
    } finally {
      stop.release();
    }
  },
};

/** Everything the command line asks for, checked. */
interface Request {
  readonly input: string;
  readonly output: string;
  readonly overwrite: boolean;
  readonly options: ReconstructOptions;
  readonly maskPath: string | null;
  readonly maskNpy: Uint8Array | null;
  readonly schedulePath: string | null;
  readonly schedule: Schedule | null;
  readonly exportSchedule: string | null;
  readonly device: DeviceChoice;
  readonly adapter: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
}

async function readRequest({ positionals, command, options: given }: ParsedLine): Promise<Request> {
  const input = onePositional(positionals, "scan", USAGE);
  const text = (name: keyof typeof commandFlags) => (typeof command[name] === "string" ? command[name] : null);
  const output = text("output");
  if (output === null)
    throw new OptionsError("CLI_USAGE", "an output folder is needed", { remedy: `Usage: ${USAGE}` }, 2);
  if (command.intensity && command.amplitude) {
    throw new OptionsError("CLI_USAGE", "--intensity and --amplitude exclude each other", {}, 2);
  }
  const quantity = command.intensity ? "intensity" : command.amplitude ? "amplitude" : null;
  if (quantity) given.data = { ...(given.data as object | undefined), quantity };
  const device = text("device") ?? "auto";
  if (device !== "auto" && device !== "gpu" && device !== "software") {
    throw new OptionsError(
      "CLI_VALUE",
      "not a valid value",
      { source: "--device", expected: "auto, gpu or software", got: device },
      2,
    );
  }
  const schedulePath = text("schedule");
  const maskPath = text("mask");
  return {
    input,
    output,
    overwrite: command.overwrite === true,
    options: await mergeOptions(text("config") ?? undefined, given, flags, parseOptions),
    maskPath,
    maskNpy: maskPath === null ? null : await readWholeFile(maskPath, LARGEST_MASK_BYTES),
    schedulePath,
    schedule:
      schedulePath === null
        ? null
        : parseSchedule(await readJsonFile(schedulePath, LARGEST_SCHEDULE_BYTES), schedulePath),
    exportSchedule: text("export-schedule"),
    device,
    adapter: text("adapter"),
    json: command.json === true,
    quiet: command.quiet === true,
  };
}

async function runRequest(request: Request, io: CommandIo, stop: StopRequest): Promise<number> {
  const { options } = request;
  const seconds = { read: 0, open: 0, reconstruct: 0 };
  const timed = async <T>(name: keyof typeof seconds, work: () => Promise<T>): Promise<T> => {
    const begin = performance.now();
    const value = await work();
    seconds[name] = (performance.now() - begin) / 1000;
    return value;
  };
  const dataset = await timed("read", async () =>
    readDataset(await fileAccess(request.input), options.data, {
      ...nodeReaderTools(),
      ...(request.maskNpy ? { maskNpy: request.maskNpy } : {}),
      signal: stop.signal,
    }),
  );
  try {
    const prepared = await prepareRun(dataset, options, request.schedule ? { schedule: request.schedule } : {});
    reportNotes(request, io, dataset.notes);
    const opened = await timed("open", () =>
      openDevice({ device: request.device, ...(request.adapter ? { adapter: request.adapter } : {}) }),
    );
    reportDevice(request, io, opened);
    const folder = await createOutputFolder(request.output);
    try {
      const result = await timed("reconstruct", () => runEngine(request, io, stop, opened, prepared));
      reportNotes(request, io, result.notes);
      const run: RunFacts = {
        result,
        dataset,
        adapter: opened.facts,
        seconds,
        scheduleFile: request.schedulePath,
        maskFile: request.maskPath,
        finishedAt: new Date(),
      };
      const written = await writeArtifacts(folder.path, run, { overwrite: request.overwrite });
      if (request.exportSchedule) await exportUsed(request.exportSchedule, result, dataset, request.overwrite);
      reportResult(
        request,
        io,
        result,
        written.files.map((file) => file.path),
        written.pictureError,
        seconds,
      );
      return exitCodeFor(result, stop);
    } catch (error) {
      await folder.discard();
      throw error;
    }
  } finally {
    await dataset.patterns.close();
  }
}

async function runEngine(
  request: Request,
  io: CommandIo,
  stop: StopRequest,
  opened: OpenedDevice,
  prepared: PreparedProblem,
): Promise<ReconstructResult> {
  const style: ProgressStyle = request.json ? "json" : request.quiet ? "quiet" : io.interactive ? "terminal" : "log";
  const progress = reportProgress(io, style);
  try {
    return await reconstructPrepared(opened.device, prepared, {
      onEpoch: (epoch) => progress.epoch(epoch),
      signal: stop.signal,
    });
  } finally {
    progress.end();
  }
}

async function exportUsed(
  path: string,
  result: ReconstructResult,
  dataset: Dataset,
  overwrite: boolean,
): Promise<void> {
  const pieces = serializePlan(result.plan, dataset.patterns.count, Math.max(1, result.epochsCompleted));
  await writeFileAtomic({ path, produce: fromPieces(pieces) }, { overwrite });
}

/** 80 when the numbers went wrong, the signal's code when it was stopped, 0 otherwise. */
function exitCodeFor(result: ReconstructResult, stop: StopRequest): number {
  if (result.status === "diverged") return 80;
  return result.status === "cancelled" ? (stop.exitCode ?? 130) : 0;
}

function reportNotes(request: Request, io: CommandIo, notes: Dataset["notes"]): void {
  for (const note of notes) {
    if (request.json) io.stdout(`${JSON.stringify({ event: "note", ...note })}\n`);
    else if (!request.quiet) io.stderr(`${note.level}: ${note.message} [${note.code}]\n`);
  }
}

function reportDevice(request: Request, io: CommandIo, opened: OpenedDevice): void {
  if (request.json) {
    io.stdout(`${JSON.stringify({ event: "adapter", ...opened.facts })}\n`);
    return;
  }
  if (request.quiet) return;
  io.stderr(`${formatAdapterLine(opened.facts)}\n`);
  if (opened.softwareHint) io.stderr(`${opened.softwareHint}\n`);
}

function reportResult(
  request: Request,
  io: CommandIo,
  result: ReconstructResult,
  files: readonly string[],
  pictureError: string | null,
  seconds: { readonly reconstruct: number },
): void {
  const { status, diagnosis, epochsCompleted } = result;
  const loss = result.loss.at(-1) ?? null;
  if (request.json) {
    io.stdout(
      `${JSON.stringify({ event: "result", status, diagnosis, epochsCompleted, loss, seconds: seconds.reconstruct, files, pictureError })}\n`,
    );
    return;
  }
  if (diagnosis) {
    const where = diagnosis.minibatch === null ? "" : `, minibatch ${diagnosis.minibatch}`;
    io.stderr(
      `ptycho: the ${diagnosis.quantity} became NaN or infinite in epoch ${diagnosis.epoch}${where}: ${diagnosis.likelyCause}. ` +
        `The state of the epoch before is what was written [DIVERGED]\n`,
    );
  }
  if (request.quiet) return;
  if (pictureError) io.stderr(`warning: no picture: ${pictureError}\n`);
  const shown = loss === null ? "no loss" : `final loss ${loss.toPrecision(6)}`;
  io.stderr(`${status} after ${epochsCompleted} epochs in ${seconds.reconstruct.toFixed(1)} s, ${shown}\n`);
  for (const file of files) io.stdout(`${file}\n`);
}
