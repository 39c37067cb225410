// The orchestrator's end of a worker: starting it, its messages, and noticing when it crashed or hangs.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BatchShapeToMeasure } from "../../engine/measure-batch.ts";
import type { WorkerDevice } from "./worker.ts";
import type { FromWorker, Measurement, ToWorker, WorkerJob, WorkerOutcome } from "./worker-protocol.ts";

/** The program, from dist/src/node/study/. */
const PROGRAM = fileURLToPath(new URL("../../../../bin/ptycho.js", import.meta.url));
/** Reading, opening a device and compiling take longer between signs of progress than minibatches do. */
const START_FACTOR = 10;
/** Time for the last output of a process that has ended. */
const LAST_WORDS_MS = 2000;
/** What a shell between us makes of SIGKILL. */
const KILLED_CODE = 137;

/** How a job ended, seen from outside. */
export type WorkerEnd =
  | { readonly kind: "done"; readonly outcome: WorkerOutcome }
  | { readonly kind: "hung"; readonly reason: string }
  /** `killed`: by a signal that nobody can refuse, as the system does when memory runs out. */
  | { readonly kind: "crashed"; readonly reason: string; readonly killed: boolean };

export interface WorkerListener {
  /** Every message but `ready`, `beat`, `done`; `commit` has to be answered. */
  message(message: FromWorker): void;
  /** What the worker, or a driver in it, printed. */
  output(text: string): void;
}

/** A worker process that does one job at a time. */
export class StudyWorker {
  readonly #child: ChildProcess;
  readonly #hangSeconds: number;
  readonly #gone: (() => void)[] = [];
  #listener: WorkerListener | null = null;
  #finish: ((end: WorkerEnd) => void) | null = null;
  #exited = false;
  /** Why, once the process has ended and all it said was heard. */
  #ended: Extract<WorkerEnd, { kind: "crashed" }> | null = null;
  #peakBytes: number | null = null;
  #lastMessage = performance.now();
  #lastProgress = performance.now();
  #longestStep = 0;
  #moving = false;
  /** False until the process has said that it is there. */
  #ready = false;
  /** True while the worker waits for an answer to its `commit`. */
  #owed = false;
  #lastCheck = performance.now();

  /** `program`: what node runs; tests bring their own. */
  constructor(choice: WorkerDevice, hangSeconds: number, program = PROGRAM) {
    this.#hangSeconds = hangSeconds;
    const parent = ["--parent", String(process.pid)];
    const flags = [
      ...parent,
      "--device",
      choice.device,
      ...(choice.adapter === null ? [] : ["--adapter", choice.adapter]),
    ];
    this.#child = spawn(process.execPath, [program, "study-worker", ...flags], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      serialization: "advanced",
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => this.#listener?.output(text));
    }
    this.#child.on("message", (message) => this.#receive(message as FromWorker));
    this.#child.on("error", (error) => this.#end(`it could not be started: ${error.message}`, false));
    // a second signal or a fault of ours leaves no time for anything orderly
    const endChild = () => this.#child.kill("SIGKILL");
    process.on("exit", endChild);
    this.#child.on("exit", (code, signal) => {
      process.off("exit", endChild);
      this.#exited = true;
      const reason = signal ? `it was ended by ${signal}` : `it exited with ${code}`;
      // what it said last is still in its pipes; a process of a driver's that outlives it may hold them open for ever
      const end = () => this.#end(reason, signal === "SIGKILL" || code === KILLED_CODE);
      const timer = setTimeout(end, LAST_WORDS_MS);
      this.#child.on("close", () => {
        clearTimeout(timer);
        end();
      });
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** The most memory that it has said to hold; null before it has. */
  get peakBytes(): number | null {
    return this.#peakBytes;
  }

  /** False once the process has ended. */
  get alive(): boolean {
    return !this.#exited && this.#ended === null;
  }

  /** Runs a job to its end. */
  async run(job: WorkerJob, listener: WorkerListener): Promise<WorkerEnd> {
    if (this.#ended !== null) return this.#ended;
    this.#listener = listener;
    this.#lastMessage = this.#lastProgress = this.#lastCheck = performance.now();
    this.#longestStep = 0;
    this.#moving = this.#owed = false;
    const ended = new Promise<WorkerEnd>((resolve) => {
      this.#finish = resolve;
    });
    const everyMs = Math.min(1000, 250 * this.#hangSeconds);
    const watch = setInterval(() => this.#checkHang(everyMs), everyMs);
    this.send({ type: "job", job });
    try {
      return await ended;
    } finally {
      clearInterval(watch);
      this.#finish = null;
      this.#listener = null;
    }
  }

  /** Measures a minibatch; null with a reason when there is no device or the worker ends. */
  async measure(shape: BatchShapeToMeasure): Promise<{ measurement: Measurement | null; reason: string | null }> {
    const gone = () => ({ measurement: null, reason: this.#ended?.reason ?? "the worker took too long" });
    if (this.#ended !== null) return gone();
    const answered = new Promise<{ measurement: Measurement | null; reason: string | null }>((resolve) => {
      this.#listener = {
        message: (message) => {
          if (message.type === "measured") resolve(message);
        },
        output: () => {},
      };
      this.#finish = () => resolve(gone());
    });
    const timer = setTimeout(() => void this.kill(), 1000 * START_FACTOR * this.#hangSeconds);
    this.send({ type: "measure", shape });
    const result = await answered;
    clearTimeout(timer);
    this.#listener = null;
    this.#finish = null;
    return result;
  }

  send(message: ToWorker): void {
    if (message.type === "committed" || message.type === "refused") {
      this.#owed = false;
      this.#lastProgress = performance.now();
    }
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Asks the job under way to stop at the next minibatch, with a checkpoint. */
  requestStop(): void {
    this.send({ type: "stop" });
  }

  /** Ends the process at once; resolves when it is gone and all it said was heard. */
  async kill(): Promise<void> {
    if (this.#ended !== null) return;
    const gone = new Promise<void>((resolve) => this.#gone.push(resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }

  #receive(message: FromWorker): void {
    const now = performance.now();
    this.#lastMessage = now;
    this.#ready = true;
    if (message.type === "beat") this.#peakBytes = message.peakBytes ?? null;
    if (message.type === "beat" || message.type === "ready") return;
    this.#owed = message.type === "commit";
    if (this.#moving) this.#longestStep = Math.max(this.#longestStep, now - this.#lastProgress);
    this.#lastProgress = now;
    if (message.type === "progress") this.#moving = true;
    if (message.type === "done") this.#finish?.({ kind: "done", outcome: message.outcome });
    else this.#listener?.message(message);
  }

  #checkHang(everyMs: number): void {
    const now = performance.now();
    const slept = now - this.#lastCheck > 4 * everyMs;
    this.#lastCheck = now;
    if (slept) {
      // this process was stopped or starved, and so may the worker have been: its messages are still to be read
      this.#lastMessage = this.#lastProgress = now;
      return;
    }
    const limitMs = 1000 * this.#hangSeconds;
    const silent = now - this.#lastMessage;
    const still = this.#owed ? 0 : now - this.#lastProgress;
    const silentLimit = this.#ready ? limitMs : START_FACTOR * limitMs;
    const stillLimit = this.#moving ? Math.max(limitMs, 10 * this.#longestStep) : START_FACTOR * limitMs;
    if (silent <= silentLimit && still <= stillLimit) return;
    const reason =
      silent > silentLimit
        ? `the worker was silent for ${Math.round(silent / 1000)} s`
        : `no minibatch ended for ${Math.round(still / 1000)} s`;
    const finish = this.#finish;
    this.#finish = null;
    void this.kill().then(() => finish?.({ kind: "hung", reason }));
  }

  #end(reason: string, killed: boolean): void {
    if (this.#ended !== null) return;
    this.#ended = { kind: "crashed", reason, killed };
    this.#finish?.(this.#ended);
    for (const resolve of this.#gone) resolve();
  }
}
