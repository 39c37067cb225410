// The file that rows of `npm run bench:compare` are kept in: written after each, so that a later call can go on.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AdapterFacts } from "../src/index.ts";
import { fromPieces, writeFileAtomic } from "../src/node/index.ts";
import type { ImageResult } from "./compare-image.ts";
import type { LsqmlResult } from "./compare-lsqml.ts";
import type { CompareRow } from "./compare-rows.ts";
import { formatResults } from "./compare-table.ts";
import type { HostResult } from "./host-cost.ts";
import { type MachineFacts, nameDevice } from "./save-results.ts";

/** Commit and state of the working tree. */
export type CodeState = Pick<MachineFacts, "commit" | "dirty">;

/** What the numbers were measured with. */
export interface Surroundings {
  readonly adapter: AdapterFacts;
  readonly adapterLine: string;
  /** Versions: ours, node, webgpu, ptychi, torch, numpy, python. */
  readonly machine: Omit<MachineFacts, "commit" | "dirty" | "date">;
  /** GPU that pty-chi computes on; null = the processor, with so many threads as cores. */
  readonly referenceGpu: string | null;
  readonly doublePrecisionFftByDefault: boolean;
}

export interface RowRecord extends CodeState {
  readonly row: CompareRow;
  readonly measuredAt: string;
  readonly repeats: number;
  readonly seconds: number;
  /** Share of the processor that other work used just before and just after; null = unknown. */
  readonly busyShare: readonly (number | null)[];
  readonly result: LsqmlResult | ImageResult | HostResult;
}

export interface ResultsFile {
  readonly version: 1;
  readonly surroundings: Surroundings;
  readonly rows: Readonly<Record<string, RowRecord>>;
}

/** compare-<device>-<date>, without an ending. */
export function nameResults(facts: Parameters<typeof nameDevice>[0], day: string): string {
  return `compare-${nameDevice(facts)}-${day}`;
}

/** The newest file of the same device, in any day; null when there is none. */
export async function findResults(folder: string, name: string): Promise<string | null> {
  const stem = name.replace(/\d{4}-\d{2}-\d{2}$/, "");
  const names = await readdir(folder).catch(() => []);
  const found = names.filter(
    (file) => file.startsWith(stem) && /^\d{4}-\d{2}-\d{2}\.json$/.test(file.slice(stem.length)),
  );
  const newest = found.sort().at(-1);
  return newest === undefined ? null : join(folder, newest);
}

export async function readResults(path: string): Promise<ResultsFile> {
  const file = JSON.parse(await readFile(path, "utf8")) as ResultsFile;
  if (file.version !== 1 || typeof file.rows !== "object") throw new Error(`${path}: not a file of results`);
  return file;
}

/** True when a row is there as it would be measured again: same work, same commit, clean tree, no fewer repeats. */
export function isMeasured(record: RowRecord | undefined, row: CompareRow, repeats: number, code: CodeState): boolean {
  if (!record || record.repeats < repeats || JSON.stringify(record.row) !== JSON.stringify(row)) return false;
  return record.commit === code.commit && record.dirty === code.dirty && code.dirty !== true;
}

/** Writes the JSON file and the Markdown beside it. */
export async function writeResults(path: string, results: ResultsFile): Promise<void> {
  const files = {
    [path]: `${JSON.stringify(results, null, 1)}\n`,
    [path.replace(/json$/, "md")]: formatResults(results),
  };
  for (const [target, text] of Object.entries(files))
    await writeFileAtomic({ path: target, produce: fromPieces([text]) }, { overwrite: true });
}
