// The built program as a process of its own: what people and other programs see of it.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const PROGRAM = join(import.meta.dirname, "../../bin/ptycho.js");
const BUILT = join(import.meta.dirname, "../../dist/src/node/cli.js");

export interface ProgramEnd {
  readonly code: number | null;
  /** The signal that killed it; null when it ended by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `ptycho ARGUMENTS`; `onLine` sees every line of its standard output and may send it signals. */
export function runProgram(
  argv: readonly string[],
  onLine: (line: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<ProgramEnd> {
  if (!existsSync(BUILT)) throw new Error(`${BUILT} is missing: npm run build`);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...argv], { env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    for (let end = out.indexOf("\n", seen); end >= 0; end = out.indexOf("\n", seen)) {
      onLine(out.slice(seen, end), (signal) => child.kill(signal));
      seen = end + 1;
    }
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, out, err }));
  });
}
