// Finished cells: whether a result that is there is the one a job would make.

import { join } from "node:path";
import type { ExecutionResult } from "../../jobs/artifact-schemas.ts";
import type { JobPlan, ReconstructionJob } from "../../jobs/build-jobs.ts";
import type { ReconstructOptions } from "../../options.ts";
import { type FileStamp, type HashMemory, remember, rememberedHash, sameStamp, stampFile } from "../file-hash.ts";
import { findDamaged, putAside, type Receipt, readReceipt } from "../run-receipt.ts";
import { scanKey } from "../run-scan.ts";
import { CELL_LOG, CELL_NAMES } from "./cell-files.ts";

export interface Reusable {
  /** Null when the job has to run. */
  readonly receipt: Receipt | null;
  /** Why a result that is there does not count. */
  readonly remarks: readonly string[];
  readonly result: Partial<ExecutionResult>;
}

export interface ReuseSurroundings {
  readonly signal?: AbortSignal;
  /** Throws when the cell is no longer ours to write. */
  readonly assertHeld?: () => Promise<void>;
}

/**
 * Looks for a finished result of exactly this job: same input, options and engine version, files as they were written.
 * Damaged files are put aside as NAME.damaged. `verify` reads all files again instead of trusting size, time and inode.
 * Throws AbortError, PtychoError for what cannot be read or renamed, and what `assertHeld` throws.
 */
export async function findReusable(
  job: ReconstructionJob,
  options: ReconstructOptions,
  memory: HashMemory,
  verify: boolean,
  { signal, assertHeld = async () => {} }: ReuseSurroundings = {},
): Promise<Reusable> {
  const putDamagedAside = async (names: readonly string[]) => {
    await assertHeld();
    await putAside(job.outputDir, names);
  };
  const none = (remarks: readonly string[] = []): Reusable => ({ receipt: null, remarks, result: {} });
  const path = join(job.outputDir, CELL_NAMES.record);
  const receipt = await readReceipt(path);
  if (!receipt) {
    if ((await stampFile(path)) === null) return none();
    await putDamagedAside([CELL_NAMES.record]);
    return none([`${path} cannot be read; run again`]);
  }
  if (receipt.status !== "complete")
    return none([`${job.outputDir}: the result there is ${receipt.status}; run again`]);
  // the log's command by hand writes the same record beside files of other names
  if (!Object.hasOwn(receipt.files, CELL_NAMES.arrays)) return none([`${path} is not of this command; run again`]);
  const inputSha256 = await rememberedHash(job.inputNpz, memory, verify, signal);
  if (inputSha256 !== receipt.inputSha256) return none([`${job.outputDir}: the input has changed; run again`]);
  if (receipt.key !== scanKey({ options, schedule: null }, inputSha256!, null) || receipt.epochs !== options.epochs) {
    return none([`${job.outputDir}: the result there has other options or another engine version; run again`]);
  }
  const damaged = await findDamaged(job.outputDir, receipt, verify, memory, signal);
  if (damaged.length > 0) {
    await putDamagedAside(damaged);
    return none([`${job.outputDir}: ${damaged.join(", ")} changed after it was written; run again`]);
  }
  const log = join(job.outputDir, CELL_LOG);
  const log_path = (await stampFile(log)) === null ? null : log;
  return { receipt, remarks: [], result: { receipt: path, log_path } };
}

/** Notes the hashes that a job just computed, so that the next call need not; `before` is the input's stamp at its start. */
export async function rememberResult(
  job: ReconstructionJob,
  receipt: Receipt,
  before: FileStamp | null,
  memory: HashMemory,
): Promise<void> {
  const after = await stampFile(job.inputNpz);
  if (before && after && receipt.inputSha256 !== null && sameStamp(before, after)) {
    remember(job.inputNpz, memory, after, receipt.inputSha256);
  }
  for (const [name, { sizeBytes, sha256 }] of Object.entries(receipt.files)) {
    const path = join(job.outputDir, name);
    const stamp = await stampFile(path);
    if (stamp?.sizeBytes === sizeBytes) remember(path, memory, stamp, sha256);
  }
}

/** Receipts of every cell that has one, by output folder. */
export async function readReceipts(plan: JobPlan): Promise<ReadonlyMap<string, Receipt>> {
  const receipts = new Map<string, Receipt>();
  for (const { outputDir } of plan.cells) {
    const receipt = await readReceipt(join(outputDir, CELL_NAMES.record));
    if (receipt) receipts.set(outputDir, receipt);
  }
  return receipts;
}
