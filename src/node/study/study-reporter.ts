// What `ptycho study run` tells: one line per running job with overall k of n and time left, or JSON Lines.

import type { ReconstructionJob } from "../../jobs/build-jobs.ts";
import { encodeNonFinite } from "../../results/json-text.ts";
import type { CommandIo } from "../command.ts";
import { formatSeconds } from "../progress.ts";
import type { CheckedInput, PhotonScale } from "./check-inputs.ts";
import type { JobEstimate } from "./estimate.ts";
import { formatCallSummary, formatCellName, formatProgressLines } from "./plan-format.ts";
import type { StudyPlan } from "./plan-study.ts";
import type { RegeneratedInput } from "./regenerate-missing.ts";
import type { JobEnd, JobListener } from "./run-job.ts";

/** A job of a dry run. */
export interface DryJob {
  readonly number: number;
  readonly jobCount: number;
  readonly job: ReconstructionJob;
  readonly command: string;
  readonly input: CheckedInput;
  readonly estimate: JobEstimate | null;
}

export interface StudyReporter extends JobListener {
  plan(plan: StudyPlan, runId: string): void;
  begin(jobCount: number): void;
  job(number: number, jobCount: number, job: ReconstructionJob): void;
  dryJob(entry: DryJob): void;
  regenerated(made: RegeneratedInput): void;
  reused(job: ReconstructionJob): void;
  ended(job: ReconstructionJob, end: JobEnd): void;
  finish(text: string, record: Record<string, unknown>): void;
}

export interface ReporterStyle {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly dryRun: boolean;
}

/** A reporter for people, whose progress within a job goes to stderr, or for programs. */
export function createReporter(io: CommandIo, style: ReporterStyle): StudyReporter {
  let planned: StudyPlan | null = null;
  let current: ReconstructionJob | null = null;
  let number = 0;
  let jobCount = 0;
  let device = "";
  /** Seconds of jobs that ran to their end in this call, and how many. */
  let [spent, ran] = [0, 0];
  let begun = performance.now();
  let open = false;
  const event = (record: Record<string, unknown>) => {
    if (style.json) io.stdout(`${JSON.stringify(useEventNames(encodeNonFinite(record)))}\n`);
  };
  const place = () => (current ? { dose: current.dose, view: current.view, split: current.split } : {});
  const line = (text: string) => {
    if (style.quiet || style.json) return;
    if (open) io.stderr("\n");
    open = false;
    io.stdout(`${text}\n`);
  };
  /** What went wrong is told in every style. */
  const fault = (text: string) => {
    if (open) io.stderr("\n");
    open = false;
    io.stderr(`ptycho: ${text.replace(/\s*\n\s*/g, " ")}\n`);
  };
  return {
    plan(plan, runId) {
      planned = plan;
      event({ event: "plan", runId, ...plan.totals, artifactRoot: plan.roots.artifact });
      for (const text of formatProgressLines(plan)) line(text);
      for (const note of plan.notes) line(`note: ${note}`);
      for (const cell of plan.cells.filter(({ status }) => status === "selected")) {
        for (const { message } of cell.notes) line(`note: ${formatCellName(cell)}: ${message}`);
      }
    },
    begin: (count) => {
      jobCount = count;
    },
    job(at, count, job) {
      [current, number, jobCount, begun] = [job, at, count, performance.now()];
      event({
        event: "job",
        number,
        jobCount,
        ...place(),
        inputNpz: job.inputNpz,
        outputDir: job.outputDir,
        seed: job.seed,
      });
      line(`[${at}/${count}] Job: ${formatCellName(job)}`);
    },
    regenerated(made) {
      event({ event: "regenerated", ...made });
      line(`made ${made.path}`);
    },
    dryJob({ number: at, jobCount: count, job, command, input, estimate }) {
      current = job;
      event({ event: "dry-run", number: at, jobCount: count, ...place(), inputNpz: job.inputNpz, ...input, estimate });
      line(`[${at}/${count}] Job: ${formatCellName(job)}`);
      if (input.refusal) {
        line(`  refused with ${input.refusal.exitCode}`);
        fault(`${formatCellName(job)}: ${input.refusal.message}`);
      } else {
        line(`  [DRY RUN] Would execute: ${command}`);
        line(`  [DRY RUN] Would log to: ${job.outputDir}/ptychi.log`);
        if (input.photonScale) line(`  [DRY RUN] ${describePhotons(input.photonScale, job.dose)}`);
        if (estimate) line(`  [DRY RUN] ${describeEstimate(estimate)}`);
      }
    },
    reused(job) {
      event({ event: "reused", ...place(), outputDir: job.outputDir });
      line("  finished already; reused");
    },
    worker: (pid, attempt) => event({ event: "worker", pid, attempt, ...place() }),
    adapter(text) {
      event({ event: "adapter", adapter: text });
      if (text !== device) line(`  ${text}`);
      device = text;
    },
    start(epochsCompleted) {
      event({ event: "start", ...place(), epochsCompleted });
      if (epochsCompleted > 0) line(`  going on after ${epochsCompleted} epochs`);
    },
    epoch({ epoch, epochCount, loss, seconds, patternsPerSecond }) {
      const done = epoch + 1;
      const left = seconds * (epochCount - done);
      const later = ran > 0 ? (spent / ran) * (jobCount - number) : seconds * epochCount * (jobCount - number);
      event({
        event: "epoch",
        ...place(),
        epoch,
        epochCount,
        loss,
        seconds,
        patternsPerSecond,
        secondsLeft: left + later,
      });
      const text =
        `[${number}/${jobCount}] epoch ${done}/${epochCount}  loss ${loss.toPrecision(5)}  ` +
        `${Math.round(patternsPerSecond)} patterns/s  ${formatSeconds(left)} left, all ${formatSeconds(left + later)}`;
      if (style.quiet || style.json) return;
      if (io.interactive) {
        io.stderr(`\r  ${text}\u001b[K`);
        open = true;
      } else if (done === epochCount || done % Math.ceil(epochCount / 5) === 0) io.stderr(`  ${text}\n`);
    },
    remark(text) {
      event({ event: "remark", message: text });
      line(`  note: ${text}`);
    },
    ended(job, end) {
      const seconds = (performance.now() - begun) / 1000;
      if (end.returnCode === 0) {
        spent += seconds;
        ran += 1;
      }
      current = job;
      event({
        event: "done",
        ...place(),
        returnCode: end.returnCode,
        error: end.error,
        seconds,
        logPath: end.logPath,
      });
      if (end.returnCode === 0) line(`  finished in ${formatSeconds(seconds)}`);
      else if (end.returnCode === null) line("  stopped; a later call goes on from here");
      else {
        line(`  ${formatCellName(job)} failed with ${end.returnCode}`);
        fault(`${formatCellName(job)}: ${end.error}`);
      }
    },
    finish(text, record) {
      event({ event: "end", ...record });
      for (const row of planned ? formatCallSummary(planned, style.dryRun) : []) line(row);
      line(text);
    },
  };
}

/** Fields of events are named as those of `ptycho reconstruct` are, whatever the files' names: logPath for log_path. */
function useEventNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(useEventNames);
  if (typeof value !== "object" || value === null) return value;
  const rename = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [rename(name), useEventNames(member)]));
}

function describePhotons(scale: PhotonScale, dose: number): string {
  if (scale === "counts") return "photons as the values show them";
  return `single counts cannot be seen: photons by the dose, ${dose} per pattern on average`;
}

function describeEstimate({ patternBytes, workingBytes, seconds }: JobEstimate): string {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  const working = workingBytes === null ? "" : ` and about ${megabytes(workingBytes)} of working buffers`;
  const time = seconds === null ? "time unknown" : `about ${formatSeconds(seconds)}`;
  return `${time}; ${megabytes(patternBytes)} of patterns${working} on the device`;
}
