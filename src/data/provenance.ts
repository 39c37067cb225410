// How a file was read, as JSON for run.json: nothing that was decided about the data is left unsaid.

import type { DataOptions } from "../options.ts";
import { contractKeys, type DatasetPlan, type PlannedArray } from "./dataset-plan.ts";
import type { MetadataReading } from "./metadata.ts";
import type { NpzFile } from "./npz.ts";
import type { PatternAccess } from "./pattern-pass.ts";
import type { PatternStatistics } from "./pattern-statistics.ts";
import { methodStored } from "./zip-format.ts";

/** Results of reading that the headers do not tell. */
export interface ReadingFacts {
  readonly access: PatternAccess;
  readonly metadata: MetadataReading;
  readonly maskSource: string | null;
  readonly maskedPixels: number;
  readonly statistics: PatternStatistics;
}

/** The record of a reading; JSON-serialisable. */
export function datasetProvenance(
  npz: NpzFile,
  plan: DatasetPlan,
  options: DataOptions,
  facts: ReadingFacts,
): Readonly<Record<string, unknown>> {
  const { reading, decision, patterns, stored, oriented } = plan;
  const { statistics } = facts;
  return {
    patterns: {
      ...describeArray(npz, patterns),
      axisOrder: reading.order,
      axisOrderRule: reading.rule,
      quantity: decision.quantity,
      quantityRule: decision.rule,
      storedSizePx: [stored.heightPx, stored.widthPx],
      sizePx: [oriented.heightPx, oriented.widthPx],
      orientation: options.patternOrientation,
      servedFrom: facts.access,
      count: reading.count,
      maximum: statistics.maximum,
      nonfiniteMasked: statistics.nonfiniteCount,
      negativeClipped: statistics.negativeCount,
      negativeClippedSum: statistics.negativeSum,
    },
    positions: {
      x: describeArray(npz, plan.xcoords),
      y: describeArray(npz, plan.ycoords),
      swapped: options.swapPositions,
      flippedY: options.flipPositionsY,
      flippedX: options.flipPositionsX,
    },
    probe: { ...describeArray(npz, plan.probe), oprModes: plan.oprModes },
    object: describeArray(npz, plan.object),
    scanIndex: plan.scanIndex ? describeArray(npz, plan.scanIndex) : null,
    mask: facts.maskSource === null && facts.maskedPixels === 0 ? null : describeMask(facts),
    metadata: facts.metadata,
    ignoredMembers: npz.names.filter((name) => !contractKeys.includes(name)),
  };
}

function describeMask(facts: ReadingFacts): Record<string, unknown> {
  return { source: facts.maskSource ?? "non-finite values", invalidPixels: facts.maskedPixels };
}

function describeArray(npz: NpzFile, array: PlannedArray): Record<string, unknown> {
  const { header } = array;
  return {
    key: array.key,
    dtype: array.dtype,
    descr: header.descr,
    shape: header.shape,
    fortranOrder: header.fortranOrder,
    compressed: npz.member(array.key).method !== methodStored,
  };
}
