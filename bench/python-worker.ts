// A Python process that answers requests one by one, so that both sides of a comparison take turns in one run.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { projectFolder } from "./save-results.ts";

type Answer = Readonly<Record<string, unknown>>;

/** The interpreter of `npm run bench:setup`, or the one named; null when it is not there. */
export function findPython(named: string | undefined): string | null {
  if (named) return named;
  const folder = join(projectFolder(), "bench", "pty-chi", ".venv");
  return [join(folder, "bin", "python"), join(folder, "Scripts", "python.exe")].find(existsSync) ?? null;
}

/** Path of a script in bench/pty-chi, from the sources and from dist alike. */
export function pythonScript(name: string): string {
  return join(projectFolder(), "bench", "pty-chi", name);
}

export class PythonWorker {
  readonly #child: ChildProcess;
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  #messages = "";
  #ended: Error | null = null;

  constructor(python: string, script: string) {
    this.#child = spawn(python, [script], { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#messages = (this.#messages + text).slice(-2000);
    });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#answer(line));
    this.#child.stdin!.on("error", () => {}); // the end of the process tells more
    this.#child.on("error", (error) => this.#end(`${python}: ${error.message}`));
    this.#child.on("close", (code) => this.#end(`${script} ended with ${code}: ${this.#messages.trim()}`));
  }

  /** Asks and waits; rejects with what the script says, or when it ends. */
  ask(command: string, request: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin!.write(`${JSON.stringify({ command, ...request })}\n`);
    });
  }

  /** Lets the script end. */
  close(): void {
    this.#child.stdin!.end();
  }

  #answer(line: string): void {
    const next = this.#waiting.shift();
    if (!next) return;
    try {
      const answer = JSON.parse(line) as Answer;
      if (answer.ok === true) next.resolve(answer);
      else next.reject(new Error(String(answer.error)));
    } catch {
      next.reject(new Error(`not an answer: ${line}`));
    }
  }

  #end(message: string): void {
    this.#ended ??= new Error(message);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}
