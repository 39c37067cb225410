// Amplitude or intensity: stated by the caller, by the file, or by the contract for floats. Integers need a statement.

import { InputError } from "../errors.ts";
import type { DatasetNote, Quantity } from "./dataset.ts";
import { isInteger, type NumericType } from "./npy-dtype.ts";
import type { PatternStatistics } from "./pattern-statistics.ts";

export interface QuantityDecision {
  readonly quantity: Quantity;
  /** Why, for people. */
  readonly rule: string;
}

/** Values above this are no normalised amplitude (DATA-001's sanity check). */
const normalizedLimit = 10;

/**
 * Decides what the numbers mean. `declared` is the file's own statement, null without one. Throws DATA_QUANTITY for
 * integers without `--intensity` and for statements that contradict each other; DATA_DTYPE for complex patterns.
 */
export function decideQuantity(
  dtype: NumericType,
  requested: Quantity | null,
  declared: Quantity | null,
  source: string,
  field: string,
): QuantityDecision {
  if (requested !== null && declared !== null && requested !== declared) {
    throw new InputError("DATA_QUANTITY", "the request contradicts what the file declares", {
      source,
      field,
      expected: `${declared}, as measurement_domain says`,
      got: requested,
      remedy: `Leave the option out, or correct measurement_domain`,
    });
  }
  const stated = requested ?? declared;
  if (isInteger(dtype) && stated !== "intensity") {
    const message = `${field} must be float (amplitude), got dtype=${dtype}. DATA-001 requires amplitude (sqrt of intensity)`;
    throw new InputError("DATA_QUANTITY", message, {
      source,
      field,
      expected: "float32 amplitude",
      got: dtype,
      remedy: "If these are counts or intensities, say so with --intensity; nothing has to be converted",
    });
  }
  if (requested !== null) return { quantity: requested, rule: `as requested (--${requested})` };
  if (declared !== null) return { quantity: declared, rule: "the file's measurement_domain says so" };
  return { quantity: "amplitude", rule: "DATA-001: floating-point patterns are amplitude (square root of intensity)" };
}

/** What the file declares about its patterns; null when it says nothing that is known. */
export function readDeclaredQuantity(measurementDomain: string | null): Quantity | null {
  if (measurementDomain === null) return null;
  if (/intensity|counts/.test(measurementDomain)) return "intensity";
  return /amplitude/.test(measurementDomain) ? "amplitude" : null;
}

/** How the values were read and why; a warning when amplitudes look like intensities or counts. */
export function quantityNotes(
  decision: QuantityDecision,
  dtype: NumericType,
  statistics: PatternStatistics,
  field: string,
): DatasetNote[] {
  const { maximum, integerValued, squaresWhole } = statistics;
  const read = `read as ${decision.quantity} (${decision.rule})`;
  const note = (level: DatasetNote["level"], message: string): DatasetNote[] => [
    { level, code: "DATA_QUANTITY", message: `${field}: ${message}` },
  ];
  if (decision.quantity === "intensity" || isInteger(dtype)) return note("info", read);
  const warn = (what: string) => note("warning", `${what}; ${read}. If it is intensity or counts, pass --intensity`);
  if (integerValued && maximum > 1) return warn(`all values are whole numbers (largest ${maximum}), like counts`);
  if (maximum <= normalizedLimit) return note("info", read);
  if (squaresWhole) {
    const what = `amplitudes are square roots of whole counts (largest ${maximum.toPrecision(5)}), not normalised`;
    return note("info", `${what}; ${read}`);
  }
  return warn(`the largest value ${maximum.toPrecision(5)} is far above a normalised amplitude`);
}
