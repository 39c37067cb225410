// The pass over the file that looks at all patterns, and the source they are served from afterwards.

import { type ByteStore, memoryStore } from "./byte-store.ts";
import type { PatternSource } from "./dataset.ts";
import type { DatasetPlan } from "./dataset-plan.ts";
import { budgetError, type NpzFile } from "./npz.ts";
import { packedPatternBytes, packedType, type StoredStack, scanPatterns } from "./pattern-scan.ts";
import { type PatternFacts, rangePatternSource, storePatternSource } from "./pattern-source.ts";
import { emptyStatistics, type PatternStatistics } from "./pattern-statistics.ts";
import { assertUnchanged } from "./random-access.ts";
import type { ReaderTools } from "./reader-tools.ts";
import { startPass } from "./sequential-pass.ts";
import { methodStored } from "./zip-format.ts";

/** Where patterns come from after opening: ranges of the file, host memory or a temporary file. */
export type PatternAccess = "range" | "memory" | "spool";

export interface PatternReading {
  readonly patterns: PatternSource;
  readonly statistics: PatternStatistics;
  readonly access: PatternAccess;
  readonly sha256: string | null;
}

/** Samples and bytes of the packed patterns of a plan. */
export function packedFacts(plan: DatasetPlan): { sampleType: "float32" | "uint16"; patternBytes: number } {
  const sampleType = packedType(plan.patterns.dtype);
  return { sampleType, patternBytes: packedPatternBytes(plan.stored.heightPx * plan.stored.widthPx, sampleType) };
}

/** True when the file holds the patterns as they are packed, so that ranges of it can be used. */
export function servedByRange(npz: NpzFile, plan: DatasetPlan): boolean {
  const { type } = plan.patterns.header;
  const { key, dtype } = plan.patterns;
  const native = dtype === "float32" || dtype === "uint16";
  const swapped = type.kind === "numeric" && type.bigEndian;
  return plan.patternMajor && native && !swapped && npz.member(key).method === methodStored;
}

/**
 * Reads the whole file once: hash, CRC and every value. Patterns that ranges cannot serve are packed within `budgetBytes`,
 * else into a spool file; without one MEMORY_BUDGET is thrown before anything is allocated. Throws INPUT_CHANGED.
 */
export async function readPatterns(
  npz: NpzFile,
  plan: DatasetPlan,
  tools: ReaderTools & { readonly signal?: AbortSignal },
  budgetBytes: number,
  perPixel: boolean,
): Promise<PatternReading> {
  const { access } = npz.archive;
  const { patterns, reading, decision, stored, oriented } = plan;
  const { count } = reading;
  const pixelCount = stored.heightPx * stored.widthPx;
  const { sampleType, patternBytes } = packedFacts(plan);
  const type = patterns.header.type;
  const stack: StoredStack = {
    type: patterns.dtype,
    bigEndian: type.kind === "numeric" && type.bigEndian,
    count,
    pixelCount,
    patternMajor: plan.patternMajor,
    sampleType,
    patternBytes,
    quantity: decision.quantity,
    source: access.name,
    field: patterns.key,
  };
  const byRange = servedByRange(npz, plan);
  const store = byRange ? null : await createStore(count * patternBytes, budgetBytes, tools, access.name, patterns.key);
  try {
    const statistics = emptyStatistics(count, pixelCount, perPixel);
    const pass = startPass(access, tools.hash, tools.signal);
    const members = [patterns, ...(plan.patternTwin ? [plan.patternTwin] : [])];
    members.sort((a, b) => npz.member(a.key).dataOffset - npz.member(b.key).dataOffset);
    for (const { key } of members) {
      const body = npz.readBody(key, pass.source({ reuse: npz.member(key).method === methodStored }));
      if (key === patterns.key) await scanPatterns(body, stack, store?.store ?? null, statistics);
      else for await (const _ of body); // only its checksum matters
    }
    const sha256 = await pass.finish();
    await assertUnchanged(access);
    const facts: PatternFacts = { count, sampleType, quantity: decision.quantity, patternBytes, oriented };
    if (store) {
      await access.close();
      return { patterns: storePatternSource(store.store, facts), statistics, access: store.kind, sha256 };
    }
    const storedPatternBytes = pixelCount * (sampleType === "uint16" ? 2 : 4);
    const dataOffset = npz.member(patterns.key).dataOffset + patterns.header.dataOffset;
    const repair = statistics.nonfiniteCount + statistics.negativeCount > 0;
    const served = rangePatternSource(access, dataOffset, storedPatternBytes, repair, facts);
    return { patterns: served, statistics, access: "range", sha256 };
  } catch (error) {
    await store?.store.close();
    throw error;
  }
}

async function createStore(
  sizeBytes: number,
  budgetBytes: number,
  tools: ReaderTools,
  source: string,
  field: string,
): Promise<{ store: ByteStore; kind: PatternAccess }> {
  if (sizeBytes <= budgetBytes) {
    try {
      return { store: memoryStore(sizeBytes), kind: "memory" };
    } catch (error) {
      // Engines limit single buffers to some GiB, whatever memory is free.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  if (!tools.createSpool) throw budgetError(source, field, sizeBytes, budgetBytes);
  return { store: await tools.createSpool(sizeBytes), kind: "spool" };
}
