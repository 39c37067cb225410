// `ptycho reconstruct scan.npz --output out/`: check, read, open, reconstruct, write.

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ReconstructResult } from "../../engine/result.ts";
import { OutputError } from "../../errors.ts";
import { serializePlan } from "../../schedule/explicit.ts";
import { RESULT_NAMES } from "../artifacts.ts";
import { fromPieces, type StagedFile, writeFileAtomic } from "../atomic-write.ts";
import { commitCheckpoint, isCheckpoint, removeCheckpoints } from "../checkpoint-files.ts";
import type { Command, CommandIo } from "../command.ts";
import { commitStaged, discardStaged } from "../commit-files.ts";
import { hashFile } from "../file-hash.ts";
import { describeCommandFlags, describeFlags } from "../flags.ts";
import type { FolderLock } from "../folder-lock.ts";
import { openDevice } from "../gpu-device.ts";
import { removeLeftovers } from "../leftovers.ts";
import { openLockedFolder } from "../locked-folder.ts";
import { reportProgress } from "../progress.ts";
import * as report from "../reconstruct-report.ts";
import {
  checkOutputs,
  RECONSTRUCT_USAGE,
  type ReconstructRequest,
  readReconstructRequest,
  reconstructCommandFlags,
  reconstructFlags,
} from "../reconstruct-request.ts";
import { findDamaged, putAside, readReceipt } from "../run-receipt.ts";
import { type FinishedScan, runScan, scanKey } from "../run-scan.ts";
import { listenForStop, type StopRequest } from "../signals.ts";
import { findTunedProfile } from "../tuned-profiles.ts";

/** True for the files that a run puts into its folder, by their final names. */
export function isResultFile(name: string): boolean {
  return isCheckpoint(name) || (Object.values(RESULT_NAMES) as string[]).includes(name);
}

export const reconstructCommand: Command = {
  name: "reconstruct",
  summary: "reconstruct a scan",
  help: () =>
    `Usage: ${RECONSTRUCT_USAGE}\n\n${describeCommandFlags(reconstructCommandFlags)}\n\nOptions of the reconstruction (also in --config) [default]:\n${describeFlags(reconstructFlags)}\n`,
  async run(argv, io) {
    const request = await readReconstructRequest(argv);
    report.reportNotes(request, io, request.notes);
    const earlier = request.resume ? await findFinished(request) : null;
    if (earlier?.damaged.length === 0) {
      report.reportFinished(request, io, earlier.files);
      return 0;
    }
    const stop = listenForStop(
      (name) => io.stderr(`\n${name}: stopping after this minibatch; once more ends at once\n`),
      request.stopSeconds,
    );
    try {
      return await runLocked(request, io, stop);
    } catch (error) {
      if (!stop.signal.aborted || (error as { name?: unknown } | null)?.name !== "AbortError") throw error;
      if (!request.quiet) io.stderr("stopped while reading; nothing was written\n");
      return stop.exitCode ?? 130;
    } finally {
      stop.release();
    }
  },
};

/** Runs a request with its output folder to itself: one of two processes wins, whatever they were asked for. */
async function runLocked(request: ReconstructRequest, io: CommandIo, stop: StopRequest): Promise<number> {
  const folder = await openLockedFolder(request.output, request.breakLock);
  try {
    const { takenOverFrom: gone } = folder.lock;
    if (gone) {
      const fate = request.breakLock ? "was broken" : "which is gone, was taken over";
      const message = `the lock of process ${gone.pid} on ${gone.host}, ${fate}`;
      report.reportNotes(request, io, [{ level: "info", code: "LOCK_TAKEN", message }]);
    }
    // what was true without the lock need not be any more
    await checkOutputs(request);
    const earlier = request.resume ? await findFinished(request) : null;
    if (earlier?.damaged.length === 0) {
      report.reportFinished(request, io, earlier.files);
      return 0;
    }
    if (earlier) {
      const message = `${earlier.damaged.join(", ")} changed after it was written; run again`;
      report.reportNotes(request, io, [{ level: "warning", code: "RESULT_DAMAGED", message }]);
      await putAside(request.output, earlier.damaged);
    }
    return await runRequest(request, io, stop, folder.lock);
  } finally {
    await folder.close();
  }
}

async function runRequest(
  request: ReconstructRequest,
  io: CommandIo,
  stop: StopRequest,
  lock: FolderLock,
): Promise<number> {
  const { input, output, options, mask, schedule, resume, checkpointSeconds } = request;
  const overwrite = request.overwrite || resume;
  const scan = { input, options, mask, schedule, folder: output, names: RESULT_NAMES, keepUnfinished: true };
  const progress = reportProgress(io, report.progressStyle(request, io));
  /** Files are put in place only while the folder is ours. */
  const commit = async <T extends StagedFile>(staged: readonly T[], place: () => Promise<void>) => {
    try {
      await lock.assertHeld();
    } catch (error) {
      await discardStaged(staged);
      throw error;
    }
    await place();
  };
  try {
    const finished = await runScan(
      { ...scan, overwrite, resume: resume ? "must-fit" : "never", checkpointSeconds },
      {
        signal: stop.signal,
        openDevice: () =>
          openDevice({ device: request.device, ...(request.adapter ? { adapter: request.adapter } : {}) }),
        findTunedProfile,
        prepareFolder: async () => {
          await removeLeftovers(output, isResultFile);
          if (!resume) await removeCheckpoints(output);
        },
        commitCheckpoint: (staged) => commit([staged], () => commitCheckpoint(output, staged)),
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
    if (artifacts) {
      await commit(artifacts.files, () => commitStaged(artifacts.files, { overwrite }, artifacts.obsolete));
    }
    if (request.exportSchedule) await exportUsed(request.exportSchedule, finished, overwrite);
    if (result.status !== "cancelled") await removeCheckpoints(output);
    report.reportResult(request, io, result, artifacts, seconds);
    return exitCodeFor(result, stop);
  } finally {
    progress.end();
  }
}

/**
 * Files of a complete result of exactly this request, and the names of those that changed since; null when there is none.
 * Throws OutputError OUTPUT_EXISTS (74) for one of another request.
 */
async function findFinished(request: ReconstructRequest): Promise<{ files: string[]; damaged: string[] } | null> {
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
  const names = [...Object.keys(receipt.files), RESULT_NAMES.record];
  const damaged = await findDamaged(request.output, receipt, true);
  return { files: names.map((name) => join(request.output, name)), damaged };
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
