// Remarks on everything that was converted or left aside: nothing about a file changes silently.

import type { DatasetNote } from "./dataset.ts";
import { contractKeys, type DatasetPlan, type PlannedArray } from "./dataset-plan.ts";
import { isInteger } from "./npy-dtype.ts";
import type { NpzFile } from "./npz.ts";
import { packedFacts } from "./pattern-pass.ts";
import type { PatternStatistics } from "./pattern-statistics.ts";

const exactFloat32Integer = 2 ** 24;
const shownMembers = 8;

/** Casts and foreign layouts of patterns, guesses and coordinates. The guesses' casts are noted where they happen. */
export function conversionNotes(plan: DatasetPlan, statistics: PatternStatistics): DatasetNote[] {
  const { patterns, probe, object, xcoords, ycoords } = plan;
  return [
    ...castNotes(patterns, packedFacts(plan).sampleType, statistics),
    ...[xcoords, ycoords].flatMap((array) => (array.dtype === "float64" ? [] : [cast(array, "float64")])),
    ...[patterns, probe, object, xcoords, ycoords].flatMap(layoutNotes),
  ];
}

/** One remark on all members that the contract does not know. */
export function ignoredNotes(npz: NpzFile): DatasetNote[] {
  const ignored = npz.names.filter((name) => !contractKeys.includes(name));
  if (ignored.length === 0) return [];
  const shown = ignored.slice(0, shownMembers).join(", ") + (ignored.length > shownMembers ? ", ..." : "");
  const message = `${ignored.length} other member${ignored.length > 1 ? "s" : ""} not read: ${shown}`;
  return [{ level: "info", code: "MEMBERS_IGNORED", message }];
}

function castNotes(
  patterns: PlannedArray,
  sampleType: "float32" | "uint16",
  statistics: PatternStatistics,
): DatasetNote[] {
  const { key, dtype } = patterns;
  if (isInteger(dtype) && statistics.maximum > exactFloat32Integer) {
    const message = `${key}: counts up to ${statistics.maximum} are rounded to float32, which is exact up to 2^24`;
    return [{ level: "warning", code: "DATA_CONVERTED", message }];
  }
  return dtype === sampleType ? [] : [cast(patterns, sampleType)];
}

function layoutNotes({ key, header }: PlannedArray): DatasetNote[] {
  const foreign = [
    header.type.kind === "numeric" && header.type.bigEndian ? "big-endian" : "",
    header.fortranOrder && header.shape.length > 1 ? "Fortran order" : "",
  ].filter(Boolean);
  return foreign.length > 0 ? [info(`${key}: ${foreign.join(" and ")} converted`)] : [];
}

function cast({ key, dtype }: PlannedArray, to: string): DatasetNote {
  return info(`${key}: ${dtype} cast to ${to}`);
}

function info(message: string): DatasetNote {
  return { level: "info", code: "DATA_CONVERTED", message };
}
