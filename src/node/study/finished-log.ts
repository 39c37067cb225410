// The log of a finished result while another run works in its cell: kept under another name, until a new result is in place.

import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { stampFile } from "../file-hash.ts";
import { asOutputError } from "../output-checks.ts";
import { readReceipt } from "../run-receipt.ts";
import { CELL_LOG, CELL_NAMES } from "./cell-files.ts";

const keptLog = (folder: string) => join(folder, `${CELL_LOG}.previous`);

/** True when a folder holds a finished result. */
export async function holdsResult(folder: string): Promise<boolean> {
  return (await readReceipt(join(folder, CELL_NAMES.record)))?.status === "complete";
}

/** Puts the log of a finished result out of the way of a run that may fail. Throws OutputError. */
export async function keepFinishedLog(folder: string): Promise<void> {
  const log = join(folder, CELL_LOG);
  // one that is kept already is the result's; the other is of a run that failed
  if ((await stampFile(keptLog(folder))) || !(await stampFile(log)) || !(await holdsResult(folder))) return;
  await move(log, keptLog(folder));
}

/** Puts it back: the result is still the one that it tells of. Throws OutputError. */
export async function restoreFinishedLog(folder: string): Promise<void> {
  if (await stampFile(keptLog(folder))) await move(keptLog(folder), join(folder, CELL_LOG));
}

/** Removes it: its result has been replaced. */
export async function dropFinishedLog(folder: string): Promise<void> {
  await rm(keptLog(folder), { force: true });
}

async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    throw asOutputError(error, to);
  });
}
