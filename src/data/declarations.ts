// What a file says about itself, where the data contract leaves a question open.

import type { Quantity } from "./dataset.ts";
import { type MetadataReading, metadataEntry, readMeasurementDomain } from "./metadata.ts";
import type { NpzFile } from "./npz.ts";
import { readDeclaredQuantity } from "./quantity.ts";

/** Statements of a file; null where it makes none. */
export interface Declarations {
  readonly quantity: Quantity | null;
  readonly axisOrder: "nhw" | "hwn" | null;
}

/** `measurement_domain`, as a member or in `_metadata`, and `axis_canonical` (NHW or HWN) in `_metadata`. */
export async function readDeclarations(npz: NpzFile, metadata: MetadataReading): Promise<Declarations> {
  const axes = metadataEntry(metadata, "axis_canonical");
  return {
    quantity: readDeclaredQuantity(await readMeasurementDomain(npz, metadata)),
    axisOrder: axes === "NHW" ? "nhw" : axes === "HWN" ? "hwn" : null,
  };
}
