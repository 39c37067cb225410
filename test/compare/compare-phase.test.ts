import { describe, expect, test } from "vitest";
import { comparePhase } from "../../src/compare/compare-phase.ts";
import { createScanBox, cutBox } from "../../src/compare/pixel-box.ts";
import { shiftImage } from "../../src/compare/registration.ts";
import { type ComplexArray, complexZeros } from "../../src/complex.ts";
import { InputError } from "../../src/errors.ts";
import { createGenerator } from "../../src/schedule/random.ts";
import { createProceduralObject } from "../../src/simulate/object.ts";
import { resolveSimulateOptions } from "../../src/simulate/options.ts";

const truth = createProceduralObject(resolveSimulateOptions().object, [96, 90], [60, 60], 3);
const box = { top: 20, left: 15, heightPx: 55, widthPx: 60 };

interface Gauge {
  readonly factor?: number;
  readonly constantRad?: number;
  readonly ramp?: readonly [number, number];
  readonly noiseRad?: number;
}

/** The truth on a canvas whose pixel [0, 0] lies at (originY, originX), with everything changed that may be. */
function gaugeChange(
  origin: readonly [number, number],
  shape: [number, number],
  gauge: Gauge,
  source = truth,
): ComplexArray {
  const { factor = 1, constantRad = 0, ramp = [0, 0], noiseRad = 0 } = gauge;
  const generator = createGenerator(1, 901);
  const canvas = complexZeros(shape);
  for (let y = 0; y < shape[0]; y++) {
    for (let x = 0; x < shape[1]; x++) {
      const [dataY, dataX] = [y + origin[0], x + origin[1]];
      if (dataY < 0 || dataX < 0 || dataY >= 96 || dataX >= 90) continue;
      const i = 2 * (y * shape[1] + x);
      const from = 2 * (dataY * 90 + dataX);
      const noise = noiseRad * Math.sqrt(12) * (generator.nextUnit() - 0.5);
      const angle = constantRad + ramp[0] * (dataY - 47) + ramp[1] * (dataX - 44.5) + noise;
      const [re, im] = [source.data[from]!, source.data[from + 1]!];
      canvas.data[i] = factor * (re * Math.cos(angle) - im * Math.sin(angle));
      canvas.data[i + 1] = factor * (re * Math.sin(angle) + im * Math.cos(angle));
    }
  }
  return canvas;
}

describe("comparePhase", () => {
  test.each([
    ["nothing", {}],
    ["a constant", { constantRad: 2.9 }],
    ["a scale", { factor: 37.5 }],
    ["a ramp of a fraction of a turn", { ramp: [0.02, -0.011] }],
    ["a ramp of many turns", { ramp: [1.3, -2.2], constantRad: -3.1, factor: 0.02 }],
    ["a ramp near Nyquist", { ramp: [-3.0, 2.9] }],
  ] as [string, Gauge][])("%s changes no error, and is reported", (_, gauge) => {
    const { phaseRmsRad, amplitudeRms, removed } = comparePhase(
      gaugeChange([-7, 4], [120, 86], gauge),
      [-7, 4],
      truth,
      box,
    );
    expect(phaseRmsRad).toBeLessThan(1e-6);
    expect(amplitudeRms).toBeLessThan(1e-6);
    // Box centre: row 20 + 27, column 15 + 29.5.
    expect(removed.rampRadPerPx[0]).toBeCloseTo(gauge.ramp?.[0] ?? 0, 8);
    expect(removed.rampRadPerPx[1]).toBeCloseTo(gauge.ramp?.[1] ?? 0, 8);
    expect(removed.constantRad).toBeCloseTo(gauge.constantRad ?? 0, 6);
    expect(removed.scale * (gauge.factor ?? 1)).toBeCloseTo(1, 6);
  });

  test.each([0.01, 0.3])("reports a phase noise of %d rad, whatever the gauge", (noiseRad) => {
    const gauge = { noiseRad, ramp: [0.7, 0.9], constantRad: 3, factor: 5 } as const;
    const { phaseRmsRad, amplitudeRms } = comparePhase(gaugeChange([0, 0], [96, 90], gauge), [0, 0], truth, box);
    expect(Math.abs(phaseRmsRad / noiseRad - 1)).toBeLessThan(0.03);
    expect(amplitudeRms).toBeLessThan(1e-6);
  });

  test("a wrong origin is an error of the result, not of the gauge", () => {
    const canvas = gaugeChange([0, 0], [96, 90], {});
    expect(comparePhase(canvas, [1, 0], truth, box).phaseRmsRad).toBeGreaterThan(0.05);
  });

  test("amplitude errors are relative to the true amplitude", () => {
    const canvas = gaugeChange([0, 0], [96, 90], {});
    for (let i = 0; i < canvas.data.length; i++) canvas.data[i]! *= (i >> 1) & 1 ? 1.1 : 0.9;
    const { amplitudeRms } = comparePhase(canvas, [0, 0], truth, box);
    expect(amplitudeRms).toBeGreaterThan(0.095);
    expect(amplitudeRms).toBeLessThan(0.105);
  });

  test("registration finds a sub-pixel shift, and reports the errors before and after", () => {
    const beside = shiftImage(truth, [0.43, -0.78]);
    const shifted = gaugeChange([0, 0], [96, 90], { ramp: [0.1, -0.05], factor: 2 }, beside);
    const { phaseRmsRad, registered } = comparePhase(shifted, [0, 0], truth, box, { registerWithinPx: 1.5 });
    expect(phaseRmsRad).toBeGreaterThan(0.05);
    expect(registered!.phaseRmsRad).toBeLessThan(0.1 * phaseRmsRad);
    expect(Math.abs(registered!.shiftPx[0] - 0.43)).toBeLessThan(0.02);
    expect(Math.abs(registered!.shiftPx[1] + 0.78)).toBeLessThan(0.02);
    const bounded = comparePhase(shifted, [0, 0], truth, box, { registerWithinPx: 0.25 });
    expect(Math.max(...bounded.registered!.shiftPx.map(Math.abs))).toBeLessThanOrEqual(0.25);
    expect(comparePhase(shifted, [0, 0], truth, box).registered).toBeNull();
  });

  test("takes the object of a result, [1, y, x], and refuses several slices", () => {
    const canvas = gaugeChange([0, 0], [96, 90], {});
    expect(comparePhase({ ...canvas, shape: [1, 96, 90] }, [0, 0], truth, box).phaseRmsRad).toBeLessThan(1e-6);
    expect(() => comparePhase({ ...canvas, shape: [2, 48, 90] }, [0, 0], truth, box)).toThrow(/COMPARE_SHAPE/);
  });

  test("refuses boxes outside an image and origins between pixels", () => {
    const canvas = gaugeChange([0, 0], [70, 70], {});
    expect(() => comparePhase(canvas, [0, 0], truth, box)).toThrow(InputError);
    expect(() => comparePhase(canvas, [0, 0], truth, box)).toThrow(/reconstructed_object.*\[COMPARE_BOX\]/);
    expect(() => comparePhase(truth, [0, 0], canvas, box)).toThrow(/truth_object.*\[COMPARE_BOX\]/);
    expect(() => comparePhase(truth, [0.5, 0], truth, box)).toThrow(/COMPARE_ORIGIN/);
  });
});

describe("boxes", () => {
  test("createScanBox holds the whole pixels between the outermost positions", () => {
    expect(createScanBox([10.2, 20, 15.9, 31.5, 12, 25])).toEqual({ top: 11, left: 20, heightPx: 5, widthPx: 12 });
    expect(createScanBox([10.2, 20.5])).toEqual({ top: 11, left: 21, heightPx: 1, widthPx: 1 });
  });

  test("cutBox takes the pixels of data coordinates", () => {
    const image = complexZeros([4, 5]);
    for (let i = 0; i < 20; i++) image.data[2 * i] = i;
    const cut = cutBox(image, { top: 11, left: 22, heightPx: 2, widthPx: 3 }, [10, 20], "image");
    expect(cut.shape).toEqual([2, 3]);
    expect(Array.from(cut.data)).toEqual([7, 0, 8, 0, 9, 0, 12, 0, 13, 0, 14, 0]);
  });
});
