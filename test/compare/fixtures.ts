// The image pairs of fixtures/compare and what other programs say about them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RealImage } from "../../src/compare/real-image.ts";
import type { ComplexArray } from "../../src/complex.ts";
import { openNpz } from "../../src/data/npz.ts";
import { bytesAccess } from "../../src/data/random-access.ts";

const folder = join(import.meta.dirname, "../../fixtures/compare");

/** Metrics of a pair as make_expected.py writes them. */
export interface ExpectedMetrics {
  readonly mae: number;
  readonly mse: number;
  readonly psnr: number;
  readonly psnr_peak: number;
  readonly psnr_legacy_255: number;
  readonly ssim: number;
  readonly ms_ssim: number;
  readonly ms_ssim_levels: number;
  readonly ms_ssim_standard: number;
  readonly ms_ssim_standard_levels: number;
  readonly frc50: number | null;
  readonly study_frc: readonly number[];
  readonly frc: {
    readonly correlation: readonly number[];
    readonly half_bit_threshold: readonly number[];
    readonly half_bit_crossing: number | null;
    readonly one_seventh_crossing: number | null;
  };
}

interface Expected {
  readonly pairs: Readonly<Record<string, ExpectedMetrics>>;
  readonly study: {
    readonly shape: readonly number[];
    readonly offset: readonly [number, number];
    readonly amplitude_factor: number;
    readonly amplitude: ExpectedMetrics;
    readonly phase: ExpectedMetrics;
  };
  readonly own: {
    readonly box: readonly [number, number, number, number];
    readonly scale: number;
    readonly ramp: readonly [number, number];
    readonly amplitude: ExpectedMetrics;
    readonly phase: ExpectedMetrics;
  };
}

export const expectedFigures = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected;

/** Path of a fixture file. */
export function fixturePath(name: string): string {
  return join(folder, name);
}

async function readMember(file: string, name: string) {
  const npz = await openNpz(bytesAccess(new Uint8Array(readFileSync(join(folder, file))), file));
  return npz.readNumeric(name);
}

/** A real member times `factor`. */
export async function readImage(file: string, name: string, factor = 1): Promise<RealImage> {
  const { shape, data } = await readMember(file, name);
  const values = Float64Array.from(data as ArrayLike<number>, (value) => value * factor);
  return { heightPx: shape[0]!, widthPx: shape[1]!, values };
}

/** A complex member. */
export async function readComplexMember(file: string, name: string): Promise<ComplexArray> {
  const { shape, data } = await readMember(file, name);
  return { shape, data: data as Float32Array };
}

/** A real vector. */
export async function readVector(file: string, name: string): Promise<Float64Array> {
  return Float64Array.from((await readMember(file, name)).data as Float64Array);
}
