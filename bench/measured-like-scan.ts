// Scan files with patterns that look like measured ones, stored and deflated: what reading them costs depends on it.

import { unzipSync, zipSync } from "fflate";
import { writeNpz } from "../src/index.ts";
import { scanToNpzMembers, simulateScan } from "../src/simulate/index.ts";

type Member = ReturnType<typeof scanToNpzMembers>[number];

export interface LikeMeasured {
  /** Patterns; a few different ones again and again, farther apart than what DEFLATE looks back. */
  readonly count: number;
  /** Pixels per side. */
  readonly size: number;
  /** float32 amplitudes, or uint16 counts. */
  readonly sampleType: "float32" | "uint16";
}

const DIFFERENT = 64;

/** Bytes of the archive with its members stored, and with all deflated at zlib's usual level. */
export function makeScanFiles(scan: LikeMeasured): { readonly stored: Uint8Array; readonly deflated: Uint8Array } {
  const stored = writeNpz(makeMembers(scan));
  return { stored, deflated: zipSync(unzipSync(stored), { level: 6 }) };
}

function makeMembers({ count, size, sampleType }: LikeMeasured): Member[] {
  const different = Math.min(DIFFERENT, count);
  const simulated = simulateScan(
    {
      patternShapePx: [size, size],
      scan: { positions: different, stepPx: size / 8 },
      photonsPerPattern: 1e5,
      scale: "counts",
    },
    1,
  );
  const pixels = size * size;
  const stack = sampleType === "uint16" ? new Uint16Array(count * pixels) : new Float32Array(count * pixels);
  const few =
    sampleType === "uint16"
      ? Uint16Array.from(simulated.diffraction, (amplitude) => Math.min(65535, Math.round(amplitude ** 2)))
      : simulated.diffraction;
  for (let first = 0; first < count; first += different)
    stack.set(few.subarray(0, Math.min(different, count - first) * pixels), first * pixels);
  const along = (axis: 0 | 1) =>
    Float64Array.from(
      { length: count },
      (_, j) => simulated.positionsPx[2 * (j % different) + axis]! + Math.floor(j / different) / 64,
    );
  const changed = new Map<string, Member[1]>([
    ["diffraction", { dtype: sampleType, shape: [count, size, size], data: stack }],
    ["xcoords", { dtype: "float64", shape: [count], data: along(1) }],
    ["ycoords", { dtype: "float64", shape: [count], data: along(0) }],
    ["scan_index", { dtype: "int32", shape: [count], data: new Int32Array(count) }],
  ]);
  return scanToNpzMembers(simulated, "bench")
    .filter(([name]) => !name.startsWith("truth") && name !== "_metadata")
    .map(([name, array]) => [name, changed.get(name) ?? array]);
}
