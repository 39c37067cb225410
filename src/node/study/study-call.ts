// One call of `ptycho study run` on a root that is its own: check, reuse, run cell by cell in a worker, record.

import { join } from "node:path";
import { PtychoError } from "../../errors.ts";
import type { ReconstructionJob } from "../../jobs/build-jobs.ts";
import { presetFlags, presetOptions } from "../../jobs/presets.ts";
import { parseOptions } from "../../options.ts";
import { type HashMemory, stampFile } from "../file-hash.ts";
import type { FolderLock } from "../folder-lock.ts";
import { readReceipt } from "../run-receipt.ts";
import type { StopRequest } from "../signals.ts";
import { CallRecorder } from "./call-recorder.ts";
import { CELL_LOG, CELL_NAMES } from "./cell-files.ts";
import { checkInput } from "./check-inputs.ts";
import { estimateJobs, type PreparedJob } from "./dry-run.ts";
import { patternBytesOf } from "./estimate.ts";
import { saveHashMemory } from "./hash-memory.ts";
import type { StudyPlan } from "./plan-study.ts";
import type { RegeneratedInput } from "./regenerate-missing.ts";
import { findReusable, rememberResult } from "./reuse.ts";
import { type JobEnd, refuseJob, runJob, tidyFinished } from "./run-job.ts";
import type { StudyReporter } from "./study-reporter.ts";
import type { StudyRunEnd, StudyRunRequest } from "./study-request.ts";
import { StudyWorker } from "./worker-process.ts";

/** What a call needs besides what it was asked for. */
export interface CallSurroundings {
  readonly plan: StudyPlan;
  readonly memory: HashMemory;
  readonly lock: FolderLock;
  readonly regenerated: readonly RegeneratedInput[];
  /** Why not all inputs are there, when that counts as a failure; null otherwise. */
  readonly gap: string | null;
  readonly stop: StopRequest;
  readonly reporter: StudyReporter;
}

export class StudyCall {
  readonly #request: StudyRunRequest;
  readonly #around: CallSurroundings;
  readonly #recorder: CallRecorder;
  #worker: StudyWorker | null = null;

  constructor(request: StudyRunRequest, around: CallSurroundings) {
    const { plan, lock, regenerated } = around;
    const { preset, dryRun } = request;
    this.#request = request;
    this.#around = around;
    this.#recorder = new CallRecorder({ plan, preset, dryRun, regenerated, assertHeld: () => lock.assertHeld() });
  }

  get runId(): string {
    return this.#recorder.runId;
  }

  async run(): Promise<StudyRunEnd> {
    const { plan, stop, reporter } = this.#around;
    const jobs: PreparedJob[] = [];
    for (const job of plan.jobs) {
      stop.signal.throwIfAborted();
      jobs.push(await this.#prepare(job, stop.signal));
    }
    await this.#recorder.prepare();
    const relay = () => this.#endJob();
    stop.signal.addEventListener("abort", relay);
    try {
      reporter.begin(jobs.length);
      for (const { job, input } of jobs) this.#recorder.note(job, input);
      if (this.#request.dryRun) {
        await estimateJobs(jobs, () => this.#livingWorker(), stop.signal, this.#recorder, reporter);
      } else {
        await this.#recorder.record("running");
        await this.#runJobs(jobs);
      }
    } catch (error) {
      await this.#recorder.record("stopped").catch(() => {});
      throw error;
    } finally {
      stop.signal.removeEventListener("abort", relay);
      await this.#worker?.kill();
    }
    const { results } = this.#recorder;
    const stopped = stop.signal.aborted && results.some(({ returncode }) => returncode === null);
    await this.#recorder.record(stopped ? "stopped" : "finished");
    // without it files are read again, nothing else
    await saveHashMemory(plan.roots.artifact, this.#around.memory).catch((error: Error) =>
      reporter.remark(error.message),
    );
    return { results, stopped, gap: this.#around.gap };
  }

  /** Records a call that ends before its jobs. */
  async recordStop(): Promise<void> {
    for (const job of this.#around.plan.jobs) this.#recorder.note(job, (await this.#prepare(job)).input);
    await this.#recorder.prepare();
    await this.#recorder.record("stopped");
  }

  async #prepare(job: ReconstructionJob, signal?: AbortSignal): Promise<PreparedJob> {
    const { dose, numEpochs: epochs, seed } = job;
    const { preset, dryRun } = this.#request;
    const options = parseOptions(presetOptions(preset, { dose, epochs, seed }));
    const command = [...job.cliArgs, ...presetFlags(preset, dose)].map(quoteArgument).join(" ");
    const input = await checkInput(job, options, { signal, predictScale: dryRun });
    return { job, options, command, input };
  }

  async #runJobs(jobs: readonly PreparedJob[]): Promise<void> {
    const { keepGoing } = this.#request;
    const { stop, lock, reporter } = this.#around;
    const refused = jobs.filter(({ input }) => input.refusal);
    for (const { job, command, input } of refused) {
      if (stop.signal.aborted) return;
      await lock.assertHeld();
      const end = await withOutputErrors(job, () => refuseJob(job, command, input.refusal!));
      this.#recorder.noteEnd(job, input, end, receiptPath(job));
      reporter.ended(job, end);
    }
    // the whole call is looked at first: nothing runs when an input is refused, unless that is wanted
    if (refused.length > 0 && !keepGoing) return;
    for (const [index, prepared] of jobs.entries()) {
      if (refused.includes(prepared)) continue;
      if (stop.signal.aborted) return;
      // reused cells are tidied up and scored, which is not for us once somebody has broken the lock
      await lock.assertHeld();
      reporter.job(index + 1, jobs.length, prepared.job);
      const end = await this.#runOrReuse(prepared);
      if (end === "reused") continue;
      await this.#recorder.record("running");
      if (end.returnCode !== 0 && end.returnCode !== null && !keepGoing) return;
    }
  }

  async #runOrReuse(prepared: PreparedJob): Promise<JobEnd | "reused"> {
    const { job, options, command, input } = prepared;
    const { overwrite, verify } = this.#request;
    const { memory, lock, stop, reporter } = this.#around;
    const assertHeld = () => lock.assertHeld();
    const begin = await stampFile(job.inputNpz);
    const end = await withOutputErrors(job, async () => {
      const reusable = overwrite
        ? null
        : await findReusable(job, options, memory, verify, { signal: stop.signal, assertHeld });
      for (const remark of reusable?.remarks ?? []) reporter.remark(remark);
      if (!reusable?.receipt) return await this.#runOne(prepared);
      await assertHeld();
      await tidyFinished(job, command);
      reporter.reused(job);
      this.#recorder.note(job, input, { returncode: 0, reused: true, ...reusable.result });
      await this.#recorder.score(job, reusable.receipt);
      return "reused";
    }).catch((error: unknown) => {
      // a stop while files were read
      if (!stop.signal.aborted || (error as { name?: unknown } | null)?.name !== "AbortError") throw error;
      return STOPPED;
    });
    if (end === "reused") return end;
    this.#recorder.noteEnd(job, input, end, receiptPath(job));
    reporter.ended(job, end);
    const receipt = end.returnCode === 0 ? await readReceipt(receiptPath(job)) : null;
    if (receipt) {
      await rememberResult(job, receipt, begin, memory);
      await this.#recorder.score(job, receipt);
    }
    return end;
  }

  async #runOne({ job, options, command, input }: PreparedJob): Promise<JobEnd> {
    const { overwrite, checkpointSeconds } = this.#request;
    const { lock, stop, reporter } = this.#around;
    return await runJob(job, options, {
      worker: () => this.#livingWorker(),
      stopping: () => stop.signal.aborted,
      assertHeld: () => lock.assertHeld(),
      checkpointSeconds,
      patternBytes: input.facts === null ? null : patternBytesOf(input.facts),
      command,
      runId: this.runId,
      overwrite,
      listener: reporter,
    });
  }

  #livingWorker(): StudyWorker {
    if (!this.#worker?.alive) this.#worker = new StudyWorker(this.#request.device, this.#request.hangSeconds);
    return this.#worker;
  }

  /** Asks the worker to stop, and ends it when it does not in time. */
  #endJob(): void {
    if (this.#request.dryRun) void this.#worker?.kill();
    else this.#worker?.requestStop();
    setTimeout(() => void this.#worker?.kill(), 1000 * this.#request.stopSeconds).unref();
  }
}

/** The end of a job that a stop came before. */
const STOPPED: JobEnd = { returnCode: null, error: null, errorCode: null, stdoutPreview: "", logPath: null };

/** A folder or log that cannot be written ends the job, not the call. */
async function withOutputErrors<T>(job: ReconstructionJob, work: () => Promise<T>): Promise<T | JobEnd> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PtychoError)) throw error;
    const { exitCode: returnCode, code: errorCode, message } = error;
    return { returnCode, error: message, errorCode, stdoutPreview: "", logPath: join(job.outputDir, CELL_LOG) };
  }
}

/** As a shell takes it. */
function quoteArgument(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function receiptPath(job: ReconstructionJob): string {
  return join(job.outputDir, CELL_NAMES.record);
}
