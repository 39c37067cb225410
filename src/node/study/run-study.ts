// The orchestrator of `ptycho study run`: plan, check, reuse, run cell by cell in a worker, record. It has no device itself.

import { randomBytes } from "node:crypto";
import type { ExecutionResult } from "../../jobs/artifact-schemas.ts";
import { type AllowedGaps, assertInputsPresent, type ReconstructionJob } from "../../jobs/build-jobs.ts";
import { type PresetName, presetFlags, presetOptions } from "../../jobs/presets.ts";
import { parseOptions, type ReconstructOptions } from "../../options.ts";
import { readVersions } from "../artifacts.ts";
import type { HashMemory } from "../file-hash.ts";
import { lockFolder } from "../folder-lock.ts";
import { createOutputFolder } from "../output-folder.ts";
import { readReceipt } from "../run-receipt.ts";
import type { StopRequest } from "../signals.ts";
import { writeCallRecords } from "./call-records.ts";
import { readScores, scoreCell } from "./cell-scores.ts";
import { type CheckedInput, checkInput } from "./check-inputs.ts";
import { JobEstimator } from "./estimate.ts";
import { loadHashMemory, saveHashMemory } from "./hash-memory.ts";
import { planStudy, type StudyPlan, type StudySelection } from "./plan-study.ts";
import { listMissing, type RegeneratedInput, regenerateMissing } from "./regenerate-missing.ts";
import { findReusable, readReceipts } from "./reuse.ts";
import { type JobEnd, refuseJob, runJob } from "./run-job.ts";
import type { StudyReporter } from "./study-reporter.ts";
import { type CellScores, formatSummary } from "./summary.ts";
import type { WorkerDevice } from "./worker.ts";
import { StudyWorker } from "./worker-process.ts";

/** Time for a worker to reach a minibatch boundary and leave a checkpoint, once a stop was asked for. */
const STOP_DEADLINE_MS = 20_000;

export interface StudyRunRequest {
  readonly selection: StudySelection;
  readonly allowed: AllowedGaps;
  readonly preset: PresetName;
  readonly dryRun: boolean;
  readonly keepGoing: boolean;
  readonly overwrite: boolean;
  /** Read every hashed file again. */
  readonly verify: boolean;
  /** Make inputs that are missing. */
  readonly regenerateMissing: boolean;
  readonly breakLock: boolean;
  readonly checkpointSeconds: number | null;
  readonly hangSeconds: number;
  readonly device: WorkerDevice;
}

/** What a call came to; the exit code is made from it. */
export interface StudyRunEnd {
  readonly results: readonly ExecutionResult[];
  /** True when a signal ended it early. */
  readonly stopped: boolean;
}

/** Runs a call on the study. Throws PtychoError when it cannot start or its records cannot be written. */
export async function runStudy(
  request: StudyRunRequest,
  stop: StopRequest,
  reporter: StudyReporter,
): Promise<StudyRunEnd> {
  let plan = await planStudy(request.selection);
  const wanted = request.regenerateMissing ? listMissing(plan) : [];
  let regenerated: readonly RegeneratedInput[] = [];
  if (wanted.length > 0 && !request.dryRun) {
    regenerated = await regenerateMissing(plan, stop.signal, (made) => reporter.regenerated(made));
    plan = await planStudy(request.selection);
  }
  if (!(request.dryRun && request.regenerateMissing)) assertInputsPresent(plan, request.allowed);
  for (const cell of request.dryRun ? wanted : []) reporter.remark(`would make ${cell.expectedNpz}`);
  const root = plan.roots.artifact;
  const folder = await createOutputFolder(root);
  const lock = await lockFolder(folder.path, request.breakLock);
  try {
    const call = new StudyCall(plan, request, stop, reporter, {
      memory: await loadHashMemory(root),
      isHeld: () => lock.isHeld(),
      regenerated,
    });
    reporter.plan(plan, call.runId);
    if (lock.takenOverFrom) {
      reporter.remark(`the lock of process ${lock.takenOverFrom.pid}, which is gone, was taken over`);
    }
    return await call.run();
  } finally {
    await lock.release();
  }
}

interface CallSurroundings {
  readonly memory: HashMemory;
  readonly isHeld: () => Promise<boolean>;
  readonly regenerated: readonly RegeneratedInput[];
}

class StudyCall {
  readonly runId: string;
  readonly #timestamp: string;
  readonly #plan: StudyPlan;
  readonly #request: StudyRunRequest;
  readonly #stop: StopRequest;
  readonly #reporter: StudyReporter;
  readonly #memory: HashMemory;
  readonly #isHeld: () => Promise<boolean>;
  readonly #regenerated: readonly RegeneratedInput[];
  readonly #results = new Map<string, ExecutionResult>();
  readonly #scores = new Map<string, CellScores>();
  #worker: StudyWorker | null = null;

  constructor(
    plan: StudyPlan,
    request: StudyRunRequest,
    stop: StopRequest,
    reporter: StudyReporter,
    { memory, isHeld, regenerated }: CallSurroundings,
  ) {
    const now = new Date();
    this.#timestamp = now.toISOString();
    this.runId = `${this.#timestamp.replace(/[-:]|\.\d+/g, "")}-${randomBytes(3).toString("hex")}`;
    this.#plan = plan;
    this.#request = request;
    this.#stop = stop;
    this.#reporter = reporter;
    this.#memory = memory;
    this.#isHeld = isHeld;
    this.#regenerated = regenerated;
  }

  async run(): Promise<StudyRunEnd> {
    const jobs = this.#plan.jobs.map((job) => ({ job, options: this.#optionsOf(job) }));
    const checked = new Map<ReconstructionJob, CheckedInput>();
    for (const { job, options } of jobs) checked.set(job, await checkInput(job, options));
    if (this.#request.dryRun) return await this.#dryRun(checked);
    for (const { job } of jobs) this.#results.set(job.outputDir, waitingResult(job, checked.get(job)!));
    await this.#record("running");
    const relay = () => this.#worker?.requestStop();
    this.#stop.signal.addEventListener("abort", relay);
    try {
      await this.#runJobs(jobs, checked);
    } finally {
      this.#stop.signal.removeEventListener("abort", relay);
      await this.#worker?.kill();
      await saveHashMemory(this.#plan.roots.artifact, this.#memory);
      await this.#record(this.#stop.signal.aborted ? "stopped" : "finished");
    }
    return { results: [...this.#results.values()], stopped: this.#stop.signal.aborted };
  }

  async #runJobs(
    jobs: readonly { readonly job: ReconstructionJob; readonly options: ReconstructOptions }[],
    checked: ReadonlyMap<ReconstructionJob, CheckedInput>,
  ): Promise<void> {
    const refused = jobs.filter(({ job }) => checked.get(job)!.refusal);
    for (const { job } of refused) {
      const end = await refuseJob(job, this.#commandOf(job), checked.get(job)!.refusal!);
      this.#note(job, end, checked.get(job)!);
    }
    // the whole call is looked at first: nothing runs when an input is refused, unless that is wanted
    const waiting =
      refused.length > 0 && !this.#request.keepGoing ? [] : jobs.filter((entry) => !refused.includes(entry));
    this.#reporter.begin(jobs.length);
    for (const { job, options } of waiting) {
      if (this.#stop.signal.aborted) return;
      const number = jobs.findIndex((entry) => entry.job === job) + 1;
      this.#reporter.job(number, jobs.length, job);
      const reusable = this.#request.overwrite
        ? null
        : await findReusable(job, options, this.#memory, this.#request.verify);
      for (const remark of reusable?.remarks ?? []) this.#reporter.remark(remark);
      if (reusable?.receipt) {
        this.#reporter.reused(job);
        const result = baseResult(job, checked.get(job)!);
        this.#results.set(job.outputDir, { ...result, returncode: 0, reused: true, ...reusable.result });
        this.#scores.set(job.outputDir, await scoreCell(job.outputDir, job.inputNpz, reusable.receipt));
        continue;
      }
      const end = await this.#runOne(job, options);
      this.#note(job, end, checked.get(job)!);
      const receipt = end.returnCode === 0 ? await readReceipt(receiptPath(job)) : null;
      if (receipt) this.#scores.set(job.outputDir, await scoreCell(job.outputDir, job.inputNpz, receipt));
      await this.#record("running");
      if (end.returnCode !== 0 && end.returnCode !== null && !this.#request.keepGoing) return;
    }
  }

  async #runOne(job: ReconstructionJob, options: ReconstructOptions): Promise<JobEnd> {
    const { overwrite, checkpointSeconds } = this.#request;
    const kill = () => {
      setTimeout(() => void this.#worker?.kill(), STOP_DEADLINE_MS).unref();
    };
    this.#stop.signal.addEventListener("abort", kill);
    try {
      return await runJob(job, options, {
        worker: () => this.#livingWorker(),
        stopping: () => this.#stop.signal.aborted,
        mayCommit: this.#isHeld,
        checkpointSeconds,
        command: this.#commandOf(job),
        runId: this.runId,
        overwrite,
        listener: this.#reporter,
      });
    } finally {
      this.#stop.signal.removeEventListener("abort", kill);
    }
  }

  #livingWorker(): StudyWorker {
    if (!this.#worker?.alive) this.#worker = new StudyWorker(this.#request.device, this.#request.hangSeconds);
    return this.#worker;
  }

  #commandOf(job: ReconstructionJob): string {
    return [...job.cliArgs, ...presetFlags(this.#request.preset, job.dose)].join(" ");
  }

  #optionsOf(job: ReconstructionJob): ReconstructOptions {
    const { dose, numEpochs: epochs, seed } = job;
    return parseOptions(presetOptions(this.#request.preset, { dose, epochs, seed }));
  }

  async #dryRun(checked: ReadonlyMap<ReconstructionJob, CheckedInput>): Promise<StudyRunEnd> {
    this.#reporter.begin(checked.size);
    let number = 0;
    const estimator = new JobEstimator(() => this.#livingWorker());
    for (const [job, input] of checked) {
      const command = this.#commandOf(job);
      const estimate = input.facts ? await estimator.estimate(input.facts, this.#optionsOf(job)) : null;
      this.#reporter.dryJob({ number: ++number, jobCount: checked.size, job, command, input, estimate });
      const text = `[DRY RUN] Would execute: ${command}`;
      const returncode = input.refusal?.exitCode ?? 0;
      const error = input.refusal?.message ?? null;
      const result = {
        ...baseResult(job, input),
        stdout_preview: text.slice(0, 200),
        dry_run: true,
        returncode,
        error,
      };
      this.#results.set(job.outputDir, { ...result, estimate });
    }
    if (estimator.reason !== null) this.#reporter.remark(`no times: ${estimator.reason}`);
    await this.#worker?.kill();
    await this.#record("finished");
    return { results: [...this.#results.values()], stopped: false };
  }

  #note(job: ReconstructionJob, end: JobEnd, input: CheckedInput): void {
    const {
      returnCode: returncode,
      error,
      errorCode: error_code,
      stdoutPreview: stdout_preview,
      logPath: log_path,
    } = end;
    const result = {
      ...baseResult(job, input),
      returncode,
      error,
      error_code,
      stdout_preview,
      log_path,
      reused: false,
    };
    this.#results.set(job.outputDir, { ...result, receipt: returncode === 0 ? receiptPath(job) : null });
    this.#reporter.ended(job, end);
  }

  async #record(status: "running" | "finished" | "stopped"): Promise<void> {
    const receipts = await readReceipts(this.#plan);
    for (const { outputDir } of this.#plan.cells) {
      const receipt = receipts.get(outputDir);
      if (!receipt || this.#scores.has(outputDir)) continue;
      const scores = await readScores(outputDir, receipt);
      if (scores) this.#scores.set(outputDir, scores);
    }
    const { preset, dryRun } = this.#request;
    const named = { runId: this.runId, timestamp: this.#timestamp, preset, dryRun };
    const facts = {
      ...named,
      versions: readVersions(),
      trainingManifest: this.#plan.manifestPath,
      executionResults: [...this.#results.values()],
      regenerated: this.#regenerated,
    };
    const summary = formatSummary({
      ...named,
      plan: this.#plan,
      results: this.#results,
      receipts,
      scores: this.#scores,
    });
    await writeCallRecords(this.#plan.roots.artifact, { plan: this.#plan, facts, status, summary });
  }
}

function baseResult(job: ReconstructionJob, input: CheckedInput): ExecutionResult {
  const { dose, view, split } = job;
  return { dose, view, split, returncode: null, log_path: null, stdout_preview: "", ...(input.telemetry ?? {}) };
}

function waitingResult(job: ReconstructionJob, input: CheckedInput): ExecutionResult {
  return { ...baseResult(job, input), error: null, reused: false, receipt: null };
}

function receiptPath(job: ReconstructionJob): string {
  return `${job.outputDir}/run.json`;
}
