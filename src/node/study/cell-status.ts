// The state of one cell of an artifact root, from its receipt, its checkpoints and what the newest call says of it.

import { join } from "node:path";
import { listCheckpoints } from "../checkpoint-files.ts";
import { type HashMemory, stampFile } from "../file-hash.ts";
import { type Receipt, readReceipt } from "../run-receipt.ts";
import { CELL_NAMES } from "./cell-files.ts";
import { describeMismatch, type WantedRun } from "./receipt-origin.ts";

/**
 * outdated: a result that the newest call would not take for its own; filtered, missing: of cells that the newest call left
 * out and that have no result.
 */
export const cellStates = ["finished", "outdated", "unfinished", "failed", "waiting", "filtered", "missing"] as const;

export interface CellStatus {
  readonly dose: number;
  readonly view: string;
  readonly split: string;
  readonly state: (typeof cellStates)[number];
  /** Finished epochs, of a result or a checkpoint; null without either. */
  readonly epochs: number | null;
  /** Null for cells that the newest call left out, without a result. */
  readonly epochCount: number | null;
  readonly loss: number | null;
  readonly seconds: number | null;
  /** Of the newest call. */
  readonly returncode: number | null;
  readonly output_dir: string;
  /** How the result there differs from what the newest call would make. */
  readonly remarks: readonly string[];
}

/** What the newest call says of a cell. */
export interface CellQuestion extends WantedRun {
  readonly view: string;
  readonly split: string;
  readonly folder: string;
  readonly returncode: number | null;
  /** Null when the call selected the cell; else what it is without a result. */
  readonly leftOut: "filtered" | "missing" | null;
}

/** Throws OutputError or InputError when the cell's folder cannot be read. */
export async function readCellStatus(question: CellQuestion, memory: HashMemory): Promise<CellStatus> {
  const { dose, view, split, folder, returncode, leftOut } = question;
  const receipt = await readReceipt(join(folder, CELL_NAMES.record));
  const result = receipt?.status === "complete" ? receipt : null;
  const remarks = result
    ? [...(await describeMismatch(result, question, memory)), ...(await describeDamage(folder, result))]
    : [];
  const epochCount = question.epochs ?? receipt?.epochs ?? null;
  const place = { dose, view, split, epochCount, returncode, output_dir: folder };
  const [newest] = await listCheckpoints(folder);
  const saved = newest === undefined ? null : Number(/\d+/.exec(newest)![0]);
  if (returncode !== null && returncode !== 0) {
    const earlier = result ? ["the result there is of an earlier call", ...remarks] : [];
    return { ...place, state: "failed", epochs: saved, loss: null, seconds: null, remarks: earlier };
  }
  if (result && (remarks.length === 0 || saved === null || leftOut)) {
    const { epochsCompleted, loss, seconds } = result.record;
    const last = loss.at(-1);
    const facts = { epochs: epochsCompleted, loss: typeof last === "number" ? last : null };
    // a call says nothing against results that it does not ask for
    const state = remarks.length === 0 || leftOut ? "finished" : "outdated";
    return { ...place, ...facts, state, seconds: seconds.reconstruct, remarks };
  }
  const state = saved !== null ? "unfinished" : (leftOut ?? "waiting");
  return { ...place, state, epochs: saved, loss: null, seconds: null, remarks };
}

/** Files that are gone or have another size; their bytes are not read. */
async function describeDamage(folder: string, receipt: Receipt): Promise<string[]> {
  const damaged: string[] = [];
  for (const [name, { sizeBytes }] of Object.entries(receipt.files)) {
    const stamp = await stampFile(join(folder, name));
    if (stamp?.sizeBytes !== sizeBytes) damaged.push(`${name} is ${stamp ? "not as it was written" : "gone"}`);
  }
  return damaged;
}
