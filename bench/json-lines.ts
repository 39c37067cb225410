// Workers that take one JSON object per line and answer each with one: the same protocol for both engines.
// Request {"id", "command", ...}; reply {"id", "ok": true, ...} or {"id", "ok": false, "error"}; at first {"ready": true}.

import { type ChildProcess, spawn } from "node:child_process";

/** Cuts a stream into lines; what is not yet ended waits. */
export class LineSplitter {
  #rest = "";

  push(text: string): string[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    return lines.filter((line) => line.trim() !== "");
  }
}

export type Reply = Readonly<Record<string, unknown>>;

/** Reads a reply to request `id`; throws with the worker's own words when it says no, or answers something else. */
export function readReply(line: string, id: number): Reply {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error(`not a JSON line: ${line.slice(0, 200)}`);
  }
  const reply = value as Reply | null;
  if (typeof reply !== "object" || reply === null || reply.id !== id)
    throw new Error(`expected the answer to request ${id}, got ${line.slice(0, 200)}`);
  if (reply.ok !== true) throw new Error(String(reply.error ?? "no reason given"));
  return reply;
}

/** What a worker did not do, in its words. */
export class WorkerError extends Error {
  readonly exitCode = 70;
}

interface Waiting {
  readonly id: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

const READY = 0;
const ERROR_LINES = 25;

/** A worker process; requests are answered one after the other. */
export class JsonLineWorker {
  /** Milliseconds of `performance.now()` when the process was started. */
  readonly startedAt = performance.now();
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting: Waiting[] = [];
  readonly #errors: string[] = [];
  readonly #closed: Promise<void>;
  readonly #ready: Promise<Reply>;
  #ended: Error | null = null;
  #lastId = READY;

  constructor(name: string, command: string, argv: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.name = name;
    this.#child = spawn(command, argv, { stdio: ["pipe", "pipe", "pipe"], env });
    const [output, errors] = [new LineSplitter(), new LineSplitter()];
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      for (const line of output.push(text)) this.#take(line);
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#errors.push(...errors.push(text));
      this.#errors.splice(0, this.#errors.length - ERROR_LINES);
    });
    // the reason is in how the process ends
    this.#child.stdin!.on("error", () => {});
    this.#ready = this.#expect(READY);
    // who waits for it learns of a failure; who does not need not
    this.#ready.catch(() => {});
    this.#closed = new Promise((resolve) => {
      this.#child.on("error", (error) => this.#end(error.message, resolve));
      this.#child.on("close", (code, signal) => this.#end(`ended with ${signal ?? code}`, resolve));
    });
  }

  /** The worker's first line, when it has loaded what it needs. */
  ready(): Promise<Reply> {
    return this.#ready;
  }

  call(command: string, values: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
    const id = ++this.#lastId;
    const reply = this.#expect(id);
    this.#child.stdin!.write(`${JSON.stringify({ id, command, ...values })}\n`);
    return reply;
  }

  /** Ends the process, whatever it does. */
  async close(): Promise<void> {
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 3000);
    await this.#closed;
    clearTimeout(timer);
  }

  #expect(id: number): Promise<Reply> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waiting.push({ id, resolve, reject }));
  }

  #take(line: string): void {
    const waiting = this.#waiting.shift();
    if (!waiting) return;
    try {
      waiting.resolve(readReply(line, waiting.id));
    } catch (error) {
      waiting.reject(new WorkerError(`${this.name}: ${(error as Error).message}`));
    }
  }

  #end(reason: string, done: () => void): void {
    this.#ended ??= new WorkerError([`${this.name}: ${reason}`, ...this.#errors].join("\n"));
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
    done();
  }
}
