// Peak memory of a process of its own, as the system counts it.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Runs before the program and writes the peak to file descriptor 3 when it ends, in bytes. */
const REPORT = `
import { readFileSync, writeSync } from "node:fs";
process.on("exit", () => {
  let peakKb = process.resourceUsage().maxRSS;
  // Linux counts the parent's memory at the time of the fork into maxRSS; VmHWM is this program's alone
  try { peakKb = Number(/VmHWM:\\s*(\\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]); } catch {}
  writeSync(3, String(1024 * peakKb));
});`;

export interface MeasuredRun {
  readonly code: number | null;
  /** Largest resident set of the process. */
  readonly peakBytes: number;
  /** Standard output and error. */
  readonly output: string;
}

/** Runs Node with `argv` and measures it. */
export function runMeasured(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<MeasuredRun> {
  const preload = `data:text/javascript,${encodeURIComponent(REPORT)}`;
  const stdio = ["ignore", "pipe", "pipe", "pipe"] as const;
  const child = spawn(process.execPath, ["--import", preload, ...argv], { stdio: [...stdio], env });
  let output = "";
  let report = "";
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  (child.stdio[3] as typeof child.stdout)!.setEncoding("utf8").on("data", (text: string) => {
    report += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, peakBytes: Number(report), output }));
  });
}

/** Largest resident set of this process so far, in bytes. */
export function readPeakBytes(): number {
  try {
    return 1024 * Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))![1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}
