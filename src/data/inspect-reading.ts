// How inspection reads a file that a reconstruction would refuse: it notes the refusal and goes on as far as it can.

import { InputError } from "../errors.ts";
import type { DataOptions } from "../options.ts";
import { type OpenScan, openScan, type ReadDatasetExtras } from "./contract.ts";
import type { DatasetNote } from "./dataset.ts";
import { planDataset } from "./dataset-plan.ts";
import { readDeclarations } from "./declarations.ts";
import type { Finding } from "./inspect-findings.ts";
import { readMetadata } from "./metadata.ts";
import type { NpzFile } from "./npz.ts";
import type { RandomAccess } from "./random-access.ts";

/** Rules that the values may break only because bad ones were masked or clipped. */
const judgedAfterRepair = ["DATA_EMPTY", "DATA_MASK", "DATA_RANGE"];

/** A refusal as a finding; rethrows anything else. */
export function errorFinding(error: unknown): Finding {
  if (!(error instanceof InputError)) throw error;
  return { level: "error", code: error.code, message: error.message };
}

/** What `check` refuses, as findings. */
export function refusals(check: () => void): Finding[] {
  try {
    check();
    return [];
  } catch (error) {
    return [errorFinding(error)];
  }
}

/** Plans the dataset; an unstated quantity of integers is reported and then taken as intensity, to see the rest. */
export async function tryPlan(npz: NpzFile, data: DataOptions, findings: Finding[]) {
  const notes: DatasetNote[] = [...npz.notes];
  const declared = await readDeclarations(npz, await readMetadata(npz, notes));
  const relaxed = { ...data, maskNonfinite: true, clipNegative: true };
  try {
    return { plan: await planDataset(npz, data, declared, notes), data: relaxed, notes, assumed: false };
  } catch (error) {
    findings.push(errorFinding(error));
    if ((error as InputError).code !== "DATA_QUANTITY") return null;
  }
  const assumed = { ...relaxed, quantity: declared.quantity ?? ("intensity" as const) };
  try {
    return { plan: await planDataset(npz, assumed, declared, notes), data: assumed, notes, assumed: true };
  } catch (error) {
    findings.push(errorFinding(error));
    return null;
  }
}

/**
 * Opens the scan with bad values masked and clipped, to see the rest; a refusal becomes a finding, after the one that a run
 * with the `strict` options would meet first.
 */
export async function tryOpen(
  access: RandomAccess,
  relaxed: DataOptions,
  strict: DataOptions,
  extras: ReadDatasetExtras,
  findings: Finding[],
): Promise<OpenScan | null> {
  // The dataset may close what it was given; the caller's access stays open.
  const { readInto, unchanged } = access;
  const kept: RandomAccess = {
    name: access.name,
    sizeBytes: access.sizeBytes,
    read: (offset, length) => access.read(offset, length),
    ...(readInto ? { readInto: readInto.bind(access) } : {}),
    ...(unchanged ? { unchanged: unchanged.bind(access) } : {}),
    close: async () => {},
  };
  try {
    return await openScan(kept, relaxed, extras, { perPixel: true });
  } catch (error) {
    const told = errorFinding(error);
    findings.push(told);
    if (!judgedAfterRepair.includes(told.code)) return null;
    const { hash: _, ...rest } = extras;
    try {
      await (await openScan(kept, strict, rest, { perPixel: false })).dataset.patterns.close();
    } catch (first) {
      if (errorFinding(first).code !== told.code) findings.splice(-1, 0, errorFinding(first));
    }
    return null;
  }
}
