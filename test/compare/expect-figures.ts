// Our figures beside those of the fixture.

import { expect } from "vitest";
import type { ComponentMetrics } from "../../src/compare/measure-images.ts";
import type { ExpectedMetrics } from "./fixtures.ts";

/** Every figure of the fixture, by its name there. */
export function expectFigures(found: ComponentMetrics, expected: ExpectedMetrics): void {
  const near = (value: number | null, target: number | null, name: string) => {
    if (target === null) expect(value, name).toBeNull();
    else expect(Math.abs(value! - target), `${name}: ${value} for ${target}`).toBeLessThan(1e-6 * Math.max(1, target));
  };
  near(found.mae, expected.mae, "mae");
  near(found.mse, expected.mse, "mse");
  near(found.psnr, expected.psnr, "psnr");
  near(found.psnrPeak, expected.psnr_peak, "psnr peak");
  near(found.psnrLegacy255, expected.psnr_legacy_255, "psnr 255");
  near(found.ssim, expected.ssim, "ssim");
  near(found.msSsim, expected.ms_ssim, "ms-ssim");
  expect(found.msSsimLevels).toBe(expected.ms_ssim_levels);
  near(found.msSsimStandard, expected.ms_ssim_standard, "standard ms-ssim");
  expect(found.msSsimStandardLevels).toBe(expected.ms_ssim_standard_levels);
  expect(found.frc50).toBe(expected.frc50);
  expectCurve(found.frc.correlation, expected.frc.correlation);
  expectCurve(found.frc.halfBitThreshold, expected.frc.half_bit_threshold);
  near(found.frc.halfBit.cyclesPerPx, expected.frc.half_bit_crossing, "half-bit");
  near(found.frc.oneSeventh.cyclesPerPx, expected.frc.one_seventh_crossing, "1/7");
}

/** Two curves, ring by ring. */
export function expectCurve(found: Float64Array, expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, ring) => {
    expect(Math.abs(found[ring]! - value), `ring ${ring}`).toBeLessThan(1e-6);
  });
}
