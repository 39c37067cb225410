// What a scan is once it has been read and checked: the value that travels from the reader to the engine.

import type { ComplexArray } from "../complex.ts";

/** What the numbers of a pattern mean: amplitude = sqrt(intensity). Never guessed. */
export type Quantity = "amplitude" | "intensity";

/**
 * Where pixel (y, x) of the oriented, centred pattern lies in the stored one, in samples:
 * `offset + y * rowStride + x * columnStride`. Strides may be negative; a facility's flips and transposes cost nothing.
 */
export interface PatternLayout {
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Random access to packed patterns. Reading the same indices twice gives the same bytes. */
export interface PatternSource {
  readonly count: number;
  /** Rows and columns after orientation, as the engine sees them. */
  readonly heightPx: number;
  readonly widthPx: number;
  readonly sampleType: "float32" | "uint16";
  readonly quantity: Quantity;
  readonly layout: PatternLayout;
  /** Bytes of one packed pattern, little-endian, padded to a multiple of 4. */
  readonly patternBytes: number;
  /**
   * Writes the patterns of `indices` one after the other into `target` (indices.length * patternBytes bytes).
   * Throws InputError when the file changed since it was opened.
   */
  read(indices: ArrayLike<number>, target: Uint8Array): Promise<void>;
  /** Releases files and memory; reading afterwards throws. */
  close(): Promise<void>;
}

/** A remark about the input: a conversion that was made, or a warning. Goes to the user and into run.json. */
export interface DatasetNote {
  readonly level: "info" | "warning";
  readonly code: string;
  readonly message: string;
}

/** A checked scan. Arrays are C-ordered; coordinates are (y, x). */
export interface Dataset {
  readonly name: string;
  readonly sizeBytes: number;
  /** Of the whole file, lower-case hex; null when no hash was available. */
  readonly sha256: string | null;
  readonly patterns: PatternSource;
  /** Patterns in the file; `patterns` may be the first ones only. */
  readonly patternsPresent: number;
  /** [position, 2] (y, x): object pixel under pattern index (h//2, w//2), in the file's object frame, after orientation. */
  readonly positionsPx: Float64Array;
  /** [mode, y, x], as in the file. */
  readonly probe: ComplexArray;
  /** [slice, y, x] object guess of the file, or null. */
  readonly object: ComplexArray | null;
  /** [y, x] of the oriented, centred pattern: 1 = valid; null when every pixel is valid. */
  readonly mask: Uint8Array | null;
  /** [position] sum of the intensity over all pixels of a pattern. */
  readonly totalIntensity: Float64Array;
  /** [position] as in the file; null when absent. */
  readonly scanIndex: Int32Array | null;
  /** Object pixel size in metres; null when unknown. */
  readonly pixelSizeM: number | null;
  /** How the file was read: key used, stored dtype and shape, axis order, orientation, quantity and why. JSON-serialisable. */
  readonly provenance: Readonly<Record<string, unknown>>;
  readonly notes: readonly DatasetNote[];
}
