// One cell of the study in a worker: attempts, checkpoints between them, its log, its files put in place.

import { basename, join } from "node:path";
import { PtychoError } from "../../errors.ts";
import type { ReconstructionJob } from "../../jobs/build-jobs.ts";
import { formatFloat } from "../../jobs/design.ts";
import type { ReconstructOptions } from "../../options.ts";
import { commitCheckpoint, removeCheckpoints } from "../checkpoint-files.ts";
import { commitStaged } from "../commit-files.ts";
import { COMPARISON_NAMES } from "../compare-output.ts";
import { removeLeftovers } from "../leftovers.ts";
import { checkOutputFolder, createOutputFolder } from "../output-folder.ts";
import { CELL_LOG } from "./cell-files.ts";
import { SCORES_NAME } from "./cell-scores.ts";
import { dropFinishedLog, holdsResult, keepFinishedLog, restoreFinishedLog } from "./finished-log.ts";
import { isUnfinishedLog, type JobLog, type JobLogHeader, openJobLog } from "./job-log.ts";
import type { StudyWorker, WorkerEnd } from "./worker-process.ts";
import type { FromWorker } from "./worker-protocol.ts";

/** Restarts after a crash, a hang or a lost device. */
const MOST_RESTARTS = 3;
const BACK_OFF_MS = [500, 1000, 2000];
/** A device that went away ends its process; every other exit code is final. */
const LOST_DEVICE = 75;

/** How a job ended. */
export interface JobEnd {
  /** Exit code of reliability.md section 8; null when it was stopped and work is left. */
  readonly returnCode: number | null;
  readonly error: string | null;
  readonly errorCode: string | null;
  readonly stdoutPreview: string;
  /** Null when there is none of it. */
  readonly logPath: string | null;
}

/** What a job needs of a worker. */
export type JobWorker = Pick<StudyWorker, "pid" | "peakBytes" | "run" | "send" | "kill">;

/** What a job needs from the orchestrator. */
export interface JobSurroundings {
  /** A living worker; starts one when there is none. */
  worker(): JobWorker;
  /** True once the call is to stop. */
  stopping(): boolean;
  /** Throws when the root is no longer ours to write: nothing is put in place then. */
  assertHeld(): Promise<void>;
  readonly checkpointSeconds: number | null;
  /** Of all patterns that are used, on a device; null when not known. */
  readonly patternBytes: number | null;
  /** The same job by hand. */
  readonly command: string;
  readonly runId: string;
  readonly overwrite: boolean;
  readonly listener: JobListener;
}

/** Who follows the job. */
export interface JobListener {
  worker(pid: number | null, attempt: number): void;
  adapter(line: string): void;
  start(epochsCompleted: number): void;
  epoch(message: Extract<FromWorker, { type: "epoch" }>): void;
  remark(text: string): void;
}

/** Runs a job to its end. Throws OutputError when its folder or log cannot be written. */
export async function runJob(
  job: ReconstructionJob,
  options: ReconstructOptions,
  around: JobSurroundings,
): Promise<JobEnd> {
  await prepareFolder(job.outputDir);
  if (around.overwrite) await removeCheckpoints(job.outputDir);
  const path = join(job.outputDir, CELL_LOG);
  if (around.overwrite || !(await isUnfinishedLog(path, logHeader(job, around.command)))) {
    await keepFinishedLog(job.outputDir);
  }
  const log = await openJobLog(path, logHeader(job, around.command), {
    continueWith: around.overwrite ? null : `continued by run ${around.runId}`,
  });
  const errors: string[] = [];
  let end: WorkerEnd = { kind: "crashed", reason: "it was not started", killed: false };
  let deviceMemoryBytes: number | null = null;
  // messages are dealt with one after the other; none is left over when an attempt has ended
  let followed = Promise.resolve();
  for (let restarts = 0; !around.stopping(); restarts++) {
    const worker = around.worker();
    around.listener.worker(worker.pid, restarts);
    const { checkpointSeconds } = around;
    end = await worker.run(
      {
        input: job.inputNpz,
        options: deviceMemoryBytes === null ? options : { ...options, deviceMemoryBytes },
        folder: job.outputDir,
        checkpointSeconds,
        resume: true,
      },
      {
        message: (message) => {
          followed = followed.then(() => follow(message, job, log, worker, around));
        },
        output: (text) => void log.write(text.trimEnd()).catch(() => {}),
      },
    );
    await followed;
    // whatever made a job fail, the next one starts in a process of its own
    if (end.kind === "done" && end.outcome.exitCode) await worker.kill();
    if (end.kind === "done" && end.outcome.exitCode !== LOST_DEVICE) break;
    const reason = end.kind === "done" ? end.outcome.error!.message : end.reason;
    errors.push(reason);
    await removeLeftovers(job.outputDir);
    if (around.stopping() || restarts === MOST_RESTARTS) break;
    let remark = `the worker ${end.kind === "hung" ? "hung" : end.kind === "done" ? "lost its device" : "crashed"}: ${reason}; restart ${restarts + 1} of ${MOST_RESTARTS}`;
    if (end.kind === "crashed" && end.killed && deviceMemoryBytes === null && around.patternBytes !== null) {
      // patterns that are streamed give the same numbers; smaller minibatches would not
      deviceMemoryBytes = Math.max(
        1,
        Math.floor(Math.min(around.patternBytes, options.deviceMemoryBytes ?? Infinity) / 2),
      );
      remark += `, with --device-memory ${deviceMemoryBytes} in case memory ran out${describePeak(worker.peakBytes)}`;
    }
    around.listener.remark(remark);
    await log.write(remark);
    await new Promise((resolve) => setTimeout(resolve, BACK_OFF_MS[restarts]));
  }
  return await finish(end, errors, log, around.stopping());
}

/**
 * The end of a job whose input was refused before any worker saw it: logged like any other, but not over the log of a
 * result that is there. Throws OutputError.
 */
export async function refuseJob(
  job: ReconstructionJob,
  command: string,
  refusal: { readonly code: string; readonly exitCode: number; readonly message: string },
): Promise<JobEnd> {
  const { code, exitCode, message } = refusal;
  const said = "The input was checked before the run.";
  const end = { returnCode: exitCode, error: message, errorCode: code, stdoutPreview: `${said}\n`, logPath: null };
  if (await holdsResult(job.outputDir)) return end;
  await prepareFolder(job.outputDir);
  const log = await openJobLog(join(job.outputDir, CELL_LOG), logHeader(job, command), {
    continueWith: "input refused",
  });
  await log.write(said);
  await log.finish(exitCode, [message]);
  return { ...end, logPath: log.path };
}

/**
 * Puts the folder of a finished cell in order, when the call that finished it was killed before it could: no checkpoints,
 * no temporary files, a log with its return code. Throws OutputError.
 */
export async function tidyFinished(job: ReconstructionJob, command: string): Promise<void> {
  await removeLeftovers(job.outputDir);
  await removeCheckpoints(job.outputDir);
  const path = join(job.outputDir, CELL_LOG);
  if (!(await isUnfinishedLog(path, logHeader(job, command)))) return await restoreFinishedLog(job.outputDir);
  await dropFinishedLog(job.outputDir);
  const log = await openJobLog(path, logHeader(job, command), { continueWith: "finished; that call could not say so" });
  await log.finish(0);
}

async function prepareFolder(folder: string): Promise<void> {
  await checkOutputFolder(folder, [], true);
  await createOutputFolder(folder);
  await removeLeftovers(folder);
}

async function finish(end: WorkerEnd, errors: readonly string[], log: JobLog, stopped: boolean): Promise<JobEnd> {
  const outcome = end.kind === "done" ? end.outcome : null;
  const facts = { stdoutPreview: log.preview(), logPath: log.path };
  if (outcome && outcome.exitCode !== LOST_DEVICE) {
    if (outcome.status === "cancelled") await log.write("stopped; a later call goes on from here");
    if (outcome.status === "complete") {
      await removeCheckpoints(join(log.path, ".."));
      await dropFinishedLog(join(log.path, ".."));
    }
    const { exitCode, error } = outcome;
    await log.finish(exitCode, error ? [error.message] : []);
    return { returnCode: exitCode, error: error?.message ?? null, errorCode: error?.code ?? null, ...facts };
  }
  if (stopped) {
    await log.finish(null, []);
    return { returnCode: null, error: null, errorCode: null, ...facts };
  }
  const error = `gave up after ${MOST_RESTARTS} restarts: ${errors.join("; ")}`;
  await log.finish(LOST_DEVICE, [error]);
  return { returnCode: LOST_DEVICE, error, errorCode: "RESTARTS_EXHAUSTED", ...facts };
}

function describePeak(peakBytes: number | null): string {
  return peakBytes === null ? "" : ` (it held ${Math.ceil(peakBytes / 1e6)} MB at least)`;
}

/** Answers and records one message of the worker. */
async function follow(
  message: FromWorker,
  job: ReconstructionJob,
  log: JobLog,
  worker: JobWorker,
  { listener, assertHeld }: JobSurroundings,
): Promise<void> {
  const write = (line: string) => void log.write(line).catch(() => {});
  if (message.type === "notes") {
    for (const note of message.notes) write(`${note.level}: ${note.message} [${note.code}]`);
  } else if (message.type === "adapter") {
    write(message.line);
    listener.adapter(message.line);
  } else if (message.type === "start") {
    for (const remark of message.remarks) write(`warning: ${remark}`);
    if (message.epochsCompleted > 0) write(`going on after ${message.epochsCompleted} epochs`);
    listener.start(message.epochsCompleted);
  } else if (message.type === "epoch") {
    const { epoch, epochCount, loss, patternsPerSecond } = message;
    write(`epoch ${epoch + 1}/${epochCount}  loss ${loss.toPrecision(6)}  ${Math.round(patternsPerSecond)} patterns/s`);
    listener.epoch(message);
  } else if (message.type === "commit") {
    try {
      await assertHeld();
      if (message.kind === "checkpoint") await commitCheckpoint(job.outputDir, message.files[0]!);
      else {
        // scores of an earlier result must not stand beside this one
        const scores = [SCORES_NAME, ...COMPARISON_NAMES].map((name) => join(job.outputDir, name));
        await commitStaged(message.files, { overwrite: true }, [...message.obsolete, ...scores]);
        write(`saved ${message.files.map(({ path }) => basename(path)).join(", ")}`);
      }
      worker.send({ type: "committed" });
    } catch (error) {
      const code = error instanceof PtychoError ? error.code : "IO_COMMIT";
      const text = error instanceof Error ? error.message : String(error);
      worker.send({ type: "refused", code, message: text.replace(` [${code}]`, "") });
    }
  }
}

function logHeader(job: ReconstructionJob, command: string): JobLogHeader {
  return { job: `dose=${formatFloat(job.dose)}, view=${job.view}, split=${job.split}`, command };
}
