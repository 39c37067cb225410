// One cell of the study in a worker: attempts, checkpoints between them, its log, its files put in place.

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ReconstructionJob } from "../../jobs/build-jobs.ts";
import { formatFloat } from "../../jobs/design.ts";
import type { ReconstructOptions } from "../../options.ts";
import { commitCheckpoint, removeCheckpoints } from "../checkpoint-files.ts";
import { commitStaged } from "../commit-files.ts";
import { nodeFileSystem } from "../file-system.ts";
import { createOutputFolder } from "../output-folder.ts";
import { CELL_LOG } from "./cell-files.ts";
import { type JobLog, openJobLog } from "./job-log.ts";
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
  readonly logPath: string;
}

/** What a job needs from the orchestrator. */
export interface JobSurroundings {
  /** A living worker; starts one when there is none. */
  worker(): StudyWorker;
  /** True once the call is to stop. */
  stopping(): boolean;
  /** True while the lock is still ours: nothing is put in place otherwise. */
  mayCommit(): Promise<boolean>;
  readonly checkpointSeconds: number | null;
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

/** Runs a job to its end. Throws OutputError when its folder cannot be written. */
export async function runJob(
  job: ReconstructionJob,
  options: ReconstructOptions,
  around: JobSurroundings,
): Promise<JobEnd> {
  await createOutputFolder(job.outputDir);
  await removeLeftovers(job.outputDir);
  if (around.overwrite) await removeCheckpoints(job.outputDir);
  const log = await openLog(job, around.command, `continued by run ${around.runId}`);
  const errors: string[] = [];
  let end: WorkerEnd = { kind: "crashed", reason: "it was not started" };
  let restarts = 0;
  // messages are dealt with one after the other; none is left over when an attempt has ended
  let followed = Promise.resolve();
  for (; ; restarts++) {
    const worker = around.worker();
    around.listener.worker(worker.pid, restarts);
    const { checkpointSeconds } = around;
    end = await worker.run(
      { input: job.inputNpz, options, folder: job.outputDir, checkpointSeconds, resume: true },
      {
        message: (message) => {
          followed = followed.then(() => follow(message, job, log, worker, around));
        },
        output: (text) => void log.write(text.trimEnd()).catch(() => {}),
      },
    );
    await followed;
    if (end.kind === "done" && end.outcome.exitCode !== LOST_DEVICE) break;
    if (end.kind === "done") await worker.kill();
    const reason = end.kind === "done" ? end.outcome.error!.message : end.reason;
    errors.push(reason);
    await removeLeftovers(job.outputDir);
    if (around.stopping() || restarts === MOST_RESTARTS) break;
    const remark = `the worker ${end.kind === "hung" ? "hung" : end.kind === "done" ? "lost its device" : "crashed"}: ${reason}; restart ${restarts + 1} of ${MOST_RESTARTS}`;
    around.listener.remark(remark);
    await log.write(remark);
    await new Promise((resolve) => setTimeout(resolve, BACK_OFF_MS[restarts]));
  }
  return await finish(end, errors, log, around.stopping());
}

/** The end of a job whose input was refused before any worker saw it: logged like any other. */
export async function refuseJob(
  job: ReconstructionJob,
  command: string,
  refusal: { readonly code: string; readonly exitCode: number; readonly message: string },
): Promise<JobEnd> {
  await createOutputFolder(job.outputDir);
  const log = await openLog(job, command, "checked again");
  await log.write("The input was checked before the run.");
  await log.finish(refusal.exitCode, [refusal.message]);
  const { code, exitCode, message } = refusal;
  return { returnCode: exitCode, error: message, errorCode: code, stdoutPreview: log.preview(), logPath: log.path };
}

async function finish(end: WorkerEnd, errors: readonly string[], log: JobLog, stopped: boolean): Promise<JobEnd> {
  const outcome = end.kind === "done" ? end.outcome : null;
  const facts = { stdoutPreview: log.preview(), logPath: log.path };
  if (outcome && outcome.exitCode !== LOST_DEVICE) {
    if (outcome.status === "cancelled") await log.write("stopped; a later call goes on from here");
    if (outcome.status === "complete") await removeCheckpoints(join(log.path, ".."));
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

/** Answers and records one message of the worker. */
async function follow(
  message: FromWorker,
  job: ReconstructionJob,
  log: JobLog,
  worker: StudyWorker,
  { listener, mayCommit }: JobSurroundings,
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
      if (!(await mayCommit())) throw new Error("the folder's lock was lost: another run has taken over");
      if (message.kind === "checkpoint") await commitCheckpoint(job.outputDir, message.files[0]!);
      else {
        await commitStaged(message.files, { overwrite: true }, message.obsolete);
        write(`saved ${message.files.map(({ path }) => basename(path)).join(", ")}`);
      }
      worker.send({ type: "committed" });
    } catch (error) {
      worker.send({ type: "refused", message: error instanceof Error ? error.message : String(error) });
    }
  }
}

function openLog(job: ReconstructionJob, command: string, remark: string): Promise<JobLog> {
  const place = `dose=${formatFloat(job.dose)}, view=${job.view}, split=${job.split}`;
  return openJobLog(join(job.outputDir, CELL_LOG), { job: place, command }, remark);
}

/** Temporary files of a worker or an orchestrator that was killed. The lock is ours, so no living worker owns them. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^\..+\.(partial|previous)-[0-9a-f]+$/.test(name))
      await nodeFileSystem.removeFile(join(folder, name)).catch(() => {});
  }
}
