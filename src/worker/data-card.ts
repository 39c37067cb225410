// The card of a scan: what was detected, before anything is run.

import { openScan } from "../data/contract.ts";
import { describeScan, inspectDataset, type MemberFacts } from "../data/inspect.ts";
import { type Centring, measureCentring } from "../data/inspect-patterns.ts";
import { gatherPattern } from "../data/orientation.ts";
import type { RandomAccess } from "../data/random-access.ts";
import { layOutCanvas } from "../engine/canvas.ts";
import { InputError } from "../errors.ts";
import { parseOptions, type ReconstructOptions, type ReconstructOptionsInput } from "../options.ts";
import type { DataCard } from "./messages.ts";

/**
 * Reads the whole scan once, as the options ask. What the contract refuses is thrown as `readDataset` does, but for one thing: where nobody
 * says what the patterns hold, intensity is assumed and `quantityStated` is false.
 */
export async function readDataCard(
  access: RandomAccess,
  asked: Pick<ReconstructOptionsInput, "data" | "canvas"> | undefined,
  signal: AbortSignal,
): Promise<DataCard> {
  const options = parseOptions(asked ?? {});
  const quick = await inspectDataset(access, { data: options.data, layOutCanvas: layOut(options), quick: true });
  try {
    return await readCard(access, options.data, quick.members, true, signal);
  } catch (error) {
    if (!(error instanceof InputError && error.code === "DATA_QUANTITY")) throw error;
    return await readCard(access, { ...options.data, quantity: "intensity" }, quick.members, false, signal);
  }
}

function layOut(options: ReconstructOptions) {
  return (positionsPx: Float64Array, frame: readonly [number, number]) =>
    layOutCanvas(positionsPx, frame, options.canvas);
}

async function readCard(
  access: RandomAccess,
  data: ReconstructOptions["data"],
  members: readonly MemberFacts[],
  quantityStated: boolean,
  signal: AbortSignal,
): Promise<DataCard> {
  const scan = await openScan(access, data, { signal }, { perPixel: true });
  const { dataset, statistics, plan } = scan;
  try {
    const { patterns } = dataset;
    const sum = statistics.pixels!.intensitySum;
    const centring = measureCentring(sum, plan.oriented, dataset.mask);
    // what was assumed for the card alone is not how the file will be read
    const said = dataset.notes.filter(({ code }) => quantityStated || code !== "DATA_QUANTITY");
    const notes = said.sort((a, b) => Number(b.level === "warning") - Number(a.level === "warning"));
    return {
      name: access.name,
      sizeBytes: access.sizeBytes,
      keys: members.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
      patterns: patterns.count,
      heightPx: patterns.heightPx,
      widthPx: patterns.widthPx,
      quantity: patterns.quantity,
      quantityStated,
      centring: describeCentring(centring),
      notes: notes.map(({ message }) => message),
      positionsPx: Float32Array.from(dataset.positionsPx),
      meanPattern: Float32Array.from(gatherPattern(sum, plan.oriented), (value) => value / patterns.count),
      overlap: describeScan(scan).linearOverlap,
      hasProbe: members.some(({ name }) => name === plan.probe.key),
      hasTrueObject: members.some(({ name }) => name === "truth_object"),
    };
  } finally {
    await dataset.patterns.close();
  }
}

function describeCentring(centring: Centring | null): string {
  if (!centring) return "the mean pattern is dark";
  const { centreOfMassPx, expectedPx, distancePx, cornerCentred } = centring;
  if (cornerCentred) return "the light lies in the corners: the patterns look as if they still needed an fftshift";
  const place = centreOfMassPx.map((value) => value.toFixed(1)).join(", ");
  return `centre of mass (y, x) = (${place}), ${distancePx.toFixed(1)} px from (${expectedPx.join(", ")})`;
}
