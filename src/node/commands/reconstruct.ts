// `ptycho reconstruct scan.npz --output out/`: check, read, open, reconstruct, write.

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ReconstructResult } from "../../engine/result.ts";
import { OutputError } from "../../errors.ts";
import { serializePlan } from "../../schedule/explicit.ts";
import { RESULT_NAMES } from "../artifacts.ts";
import { fromPieces, writeFileAtomic } from "../atomic-write.ts";
import { commitCheckpoint, removeCheckpoints } from "../checkpoint-files.ts";
import type { Command, CommandIo } from "../command.ts";
import { commitStaged } from "../commit-files.ts";
import { hashFile } from "../file-hash.ts";
import { describeCommandFlags, describeFlags } from "../flags.ts";
import { openDevice } from "../gpu-device.ts";
import { createOutputFolder, type OutputFolder } from "../output-folder.ts";
import { reportProgress } from "../progress.ts";
import * as report from "../reconstruct-report.ts";
import {
  RECONSTRUCT_USAGE,
  type ReconstructRequest,
  readReconstructRequest,
  reconstructCommandFlags,
  reconstructFlags,
} from "../reconstruct-request.ts";
import { findDamaged, putAside, readReceipt } from "../run-receipt.ts";
import { type FinishedScan, runScan, scanKey } from "../run-scan.ts";
import { listenForStop, type StopRequest } from "../signals.ts";

export const reconstructCommand: Command = {
  name: "reconstruct",
  summary: "reconstruct a scan",
  help: () =>
    `Usage: ${RECONSTRUCT_USAGE}\n\n${describeCommandFlags(reconstructCommandFlags)}\n\nOptions of the reconstruction (also in --config) [default]:\n${describeFlags(reconstructFlags)}\n`,
  async run(argv, io) {
    const request = await readReconstructRequest(argv);
    report.reportNotes(request, io, request.notes);
    const files = request.resume ? await findFinished(request, io) : null;
    if (files) {
      report.reportFinished(request, io, files);
      return 0;
    }
    const stop = listenForStop(
      (name) => io.stderr(`\n${name}: stopping after this minibatch; once more ends at once\n`),
      request.stopSeconds,
    );
    try {
      return await runRequest(request, io, stop);
    } catch (error) {
      if (!stop.signal.aborted || (error as { name?: unknown } | null)?.name !== "AbortError") throw error;
      if (!request.quiet) io.stderr("stopped while reading; nothing was written\n");
      return stop.exitCode ?? 130;
    } finally {
      stop.release();
    }
  },
};

async function runRequest(request: ReconstructRequest, io: CommandIo, stop: StopRequest): Promise<number> {
  const { input, output, options, mask, schedule, resume, checkpointSeconds } = request;
  const overwrite = request.overwrite || resume;
  const scan = { input, options, mask, schedule, folder: output, names: RESULT_NAMES, keepUnfinished: true };
  const progress = reportProgress(io, report.progressStyle(request, io));
  const folders: OutputFolder[] = [];
  const discard = () => Promise.all(folders.map((folder) => folder.discard()));
  try {
    const finished = await runScan(
      { ...scan, overwrite, resume: resume ? "must-fit" : "never", checkpointSeconds },
      {
        signal: stop.signal,
        openDevice: () =>
          openDevice({ device: request.device, ...(request.adapter ? { adapter: request.adapter } : {}) }),
        prepareFolder: async () => {
          folders.push(await createOutputFolder(output));
          if (!resume) await removeCheckpoints(output);
        },
        commitCheckpoint: (staged) => commitCheckpoint(output, staged),
        watcher: {
          notes: (notes) => report.reportNotes(request, io, notes),
          device: (opened) => report.reportDevice(request, io, opened),
          start: (found, remarks) => report.reportStart(request, io, found?.checkpoint.epochsCompleted ?? 0, remarks),
          epoch: (epoch) => progress.epoch(epoch),
        },
      },
    );
    progress.end();
    const { result, artifacts, seconds } = finished;
    if (artifacts) await commitStaged(artifacts.files, { overwrite }, artifacts.obsolete);
    if (request.exportSchedule) await exportUsed(request.exportSchedule, finished, overwrite);
    if (result.status !== "cancelled") await removeCheckpoints(output);
    report.reportResult(request, io, result, artifacts, seconds);
    if (!artifacts) await discard();
    return exitCodeFor(result, stop);
  } catch (error) {
    await discard();
    throw error;
  } finally {
    progress.end();
  }
}

/** Files of a complete result of exactly this request; null when there is none. Damaged ones are put aside. */
async function findFinished(request: ReconstructRequest, io: CommandIo): Promise<string[] | null> {
  const receipt = await readReceipt(join(request.output, RESULT_NAMES.record));
  if (receipt?.status !== "complete") return null;
  const maskSha256 = request.mask ? createHash("sha256").update(request.mask.npy).digest("hex") : null;
  const key = scanKey(request, await hashFile(request.input), maskSha256);
  if (receipt.key !== key || receipt.epochs !== request.options.epochs) {
    throw new OutputError("OUTPUT_EXISTS", "the finished result here is of other data, options, version or epochs", {
      source: request.output,
      remedy: "Choose another folder, or add --overwrite instead of --resume to start anew",
    });
  }
  const damaged = await findDamaged(request.output, receipt, true);
  if (damaged.length > 0) {
    const message = `${damaged.join(", ")} changed after it was written; run again`;
    report.reportNotes(request, io, [{ level: "warning", code: "RESULT_DAMAGED", message }]);
    await putAside(request.output, damaged);
    return null;
  }
  return [...Object.keys(receipt.files), RESULT_NAMES.record].map((name) => join(request.output, name));
}

async function exportUsed(path: string, { result, dataset }: FinishedScan, overwrite: boolean): Promise<void> {
  const pieces = serializePlan(result.plan, dataset.patterns.count, Math.max(1, result.epochsCompleted));
  await writeFileAtomic({ path, produce: fromPieces(pieces) }, { overwrite });
}

/** 80 when the numbers went wrong, the signal's code when it was stopped, 0 otherwise. */
function exitCodeFor(result: ReconstructResult, stop: StopRequest): number {
  if (result.status === "diverged") return 80;
  return result.status === "cancelled" ? (stop.exitCode ?? 130) : 0;
}
