// The worker of a study: one process that owns the device, does one job after the other, and commits nothing itself. It
// ends with its orchestrator.

import { Worker } from "node:worker_threads";
import { type BatchShapeToMeasure, measureBatch } from "../../engine/measure-batch.ts";
import { OptionsError, OutputError, PtychoError } from "../../errors.ts";
import type { StagedFile } from "../atomic-write.ts";
import { describeError, exitCodeOf } from "../command.ts";
import { discardStaged } from "../commit-files.ts";
import { writeCrashReport } from "../crash-report.ts";
import { type DeviceChoice, formatAdapterLine, type OpenedDevice, openDevice } from "../gpu-device.ts";
import { runScan } from "../run-scan.ts";
import { findTunedProfile } from "../tuned-profiles.ts";
import { CELL_NAMES } from "./cell-files.ts";
import { openOnce } from "./open-once.ts";
import type { FromWorker, ToWorker, WorkerJob, WorkerOutcome } from "./worker-protocol.ts";

const BEAT_MS = 1000;
const PROGRESS_MS = 1000;

/** Ends this process within a quarter of a second after its parent has, even while the main thread is busy. */
const ORPHAN_GUARD = `
const { workerData: parent } = require("node:worker_threads");
const check = () => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); };
check();
setInterval(check, 200);
`;

export interface WorkerDevice {
  readonly device: DeviceChoice;
  readonly adapter: string | null;
}

/**
 * Serves jobs until the orchestrator, process `parent`, hangs up; never returns. Throws OptionsError when nobody is on the
 * line.
 */
export async function serveJobs(choice: WorkerDevice, parent: number): Promise<never> {
  if (!process.send) {
    throw new OptionsError("CLI_USAGE", "this command is started by `ptycho study run` only", {}, 2);
  }
  // a terminal sends its signals to the whole group: the orchestrator decides what they mean
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) process.on(name, () => {});
  process.on("disconnect", () => process.exit(75));
  // it may have gone while this program was loading
  if (!process.connected || process.ppid !== parent) process.exit(75);
  new Worker(ORPHAN_GUARD, { eval: true, workerData: parent }).unref();
  const session = new WorkerSession(choice);
  process.on("message", (message: ToWorker) => session.receive(message));
  setInterval(() => send({ type: "beat", peakBytes: 1024 * process.resourceUsage().maxRSS }), BEAT_MS);
  send({ type: "ready" });
  return await new Promise<never>(() => {});
}

function send(message: FromWorker): void {
  // after a hang-up there is nobody to tell, and the process is about to end
  if (process.connected) process.send!(message, undefined, {}, () => {});
}

class WorkerSession {
  readonly #device: () => Promise<OpenedDevice>;
  #stop: AbortController | null = null;
  #answer: { resolve(): void; reject(error: Error): void } | null = null;

  constructor({ device, adapter }: WorkerDevice) {
    this.#device = openOnce(() => openDevice({ device, ...(adapter ? { adapter } : {}) }));
  }

  receive(message: ToWorker): void {
    if (message.type === "job") void this.#serve(message.job);
    else if (message.type === "measure") void this.#measure(message.shape);
    else if (message.type === "stop") this.#stop?.abort();
    else if (message.type === "committed") this.#answer?.resolve();
    else this.#answer?.reject(new OutputError(message.code, message.message));
  }

  async #serve(job: WorkerJob): Promise<void> {
    this.#stop = new AbortController();
    const outcome = await this.#run(job, this.#stop.signal).catch((error: unknown): WorkerOutcome => {
      if ((error as { name?: unknown } | null)?.name === "AbortError") {
        return { exitCode: null, status: "cancelled", error: null };
      }
      if (error instanceof PtychoError) {
        const { code, message } = error;
        return { exitCode: exitCodeOf(error), status: "failed", error: { code, message } };
      }
      const message = describeError(error, false, writeCrashReport(error)).replace(/^ptycho: /, "");
      return { exitCode: exitCodeOf(error), status: "failed", error: { code: "INTERNAL", message } };
    });
    this.#stop = null;
    send({ type: "done", outcome });
  }

  async #run(job: WorkerJob, signal: AbortSignal): Promise<WorkerOutcome> {
    let told = 0;
    const progress = () => {
      const now = performance.now();
      if (now - told < PROGRESS_MS) return;
      told = now;
      send({ type: "progress" });
    };
    const { result, artifacts } = await runScan(
      {
        ...job,
        mask: null,
        schedule: null,
        names: CELL_NAMES,
        overwrite: true,
        resume: job.resume ? "if-fits" : "never",
        keepUnfinished: false,
      },
      {
        signal,
        openDevice: this.#device,
        findTunedProfile,
        prepareFolder: async () => {},
        commitCheckpoint: (staged) => this.#commit("checkpoint", [staged]),
        watcher: {
          notes: (notes) => send({ type: "notes", notes }),
          device: ({ facts }) => send({ type: "adapter", facts, line: formatAdapterLine(facts) }),
          start: (found, remarks) =>
            send({ type: "start", epochsCompleted: found?.checkpoint.epochsCompleted ?? 0, remarks }),
          minibatch: progress,
          epoch: ({ epoch, epochCount, loss, seconds, patternsPerSecond }) =>
            send({ type: "epoch", epoch, epochCount, loss, seconds, patternsPerSecond }),
        },
      },
    );
    if (artifacts) await this.#commit("result", artifacts.files, artifacts.obsolete);
    const { status, diagnosis } = result;
    if (status === "cancelled") return { exitCode: null, status, error: null };
    if (status === "complete") return { exitCode: 0, status, error: null };
    const message = `the ${diagnosis!.quantity} became NaN or infinite in epoch ${diagnosis!.epoch + 1}: ${diagnosis!.likelyCause}`;
    return { exitCode: 80, status, error: { code: "DIVERGED", message } };
  }

  async #measure(shape: BatchShapeToMeasure): Promise<void> {
    try {
      const { device, facts } = await this.#device();
      const { profile } = await findTunedProfile(facts);
      const measured = await measureBatch(device, shape, profile === null ? {} : { tunedProfile: profile });
      const measurement = { ...measured, adapter: formatAdapterLine(facts) };
      send({ type: "measured", measurement, reason: null });
    } catch (error) {
      send({ type: "measured", measurement: null, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Hands files that are written and synced to the orchestrator, who alone puts them in place. */
  async #commit(
    kind: "checkpoint" | "result",
    files: readonly StagedFile[],
    obsolete: readonly string[] = [],
  ): Promise<void> {
    const answered = new Promise<void>((resolve, reject) => {
      this.#answer = { resolve, reject };
    });
    send({ type: "commit", kind, files, obsolete });
    try {
      await answered;
    } catch (error) {
      await discardStaged(files);
      throw error;
    } finally {
      this.#answer = null;
    }
  }
}
