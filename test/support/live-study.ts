// A study of two tiny cells that can really be run on a software adapter, and calls on it that are interfered with.

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { main } from "../../src/node/cli.ts";
import { comparableBytes } from "./result-files.ts";
import { type ProgramEnd, runProgram } from "./run-program.ts";

export const liveSplits = ["train", "test"] as const;

/** Writes dose_1000's two Phase C files below `root`: 25 patterns of 16 x 16 each, of known truth. */
export async function writeLiveStudy(root: string): Promise<void> {
  mkdirSync(join(root, "phase_d"), { recursive: true });
  for (const [index, split] of liveSplits.entries()) {
    const path = join(root, `phase_c/dose_1000/patched_${split}.npz`);
    mkdirSync(dirname(path), { recursive: true });
    const shape = ["--pattern-shape-px", "16,16", "--scan-positions", "25", "--scan-step-px", "3"];
    const silent = { stdout: () => {}, stderr: () => {}, interactive: false };
    expect(await main(["simulate", "--output", path, "--seed", String(5 + index), ...shape], silent)).toBe(0);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: every event has its own fields
export type Event = any;

export interface StudyEnd extends ProgramEnd {
  readonly events: readonly Event[];
}

/** Runs `study run --json`; `onEvent` sees every event as it comes and may interfere. */
export async function runStudy(
  dataRoot: string,
  artifactRoot: string,
  argv: readonly string[],
  onEvent: (event: Event, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<StudyEnd> {
  const where = ["--data-root", dataRoot, "--artifact-root", artifactRoot, "--device", "software"];
  const gaps = ["--allow-missing-phase-c", "--allow-missing-phase-d"];
  const end = await runProgram(["study", "run", ...where, ...gaps, "--json", ...argv], (line, kill) =>
    onEvent(JSON.parse(line), kill),
  );
  // every line is an event, whatever drivers print
  const events = end.out.split("\n").filter((line) => line !== "");
  return { ...end, events: events.map((line) => JSON.parse(line)) };
}

export const namesOf = (events: readonly Event[]) => events.map(({ event }) => event as string);

export const cellOf = (artifactRoot: string, split: string) => join(artifactRoot, "dose_1000/baseline", split);

export const arraysOf = (cell: string) => comparableBytes(join(cell, "ptychi_reconstruction.npz"));

/** What a finished cell holds, and nothing else. */
export const finishedFiles = [
  "metrics.json",
  "ptychi.log",
  "ptychi_reconstruction.npz",
  "reconstruction_visualization.png",
  "run.json",
];

export const checkpointsIn = (cell: string) => readdirSync(cell).filter((name) => name.startsWith("checkpoint-"));

/** True once a process has ended; one that nobody has waited for counts as ended. */
export function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return /^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
