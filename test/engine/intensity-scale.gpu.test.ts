// Reconstructing at another scale of the intensities is reconstructing scaled data; the result is in the data's units.
import { beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import type { ReconstructOptionsInput } from "../../src/options.ts";
import { relativeError } from "../support/closeness.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { testDevice } from "../support/gpu.ts";
import { turnWave } from "./run-engine.ts";
import { makeTinyScan, packPatterns } from "./tiny-scan.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

const scan = makeTinyScan();
const plain = { initialObject: "file", epochs: 4, batchSize: 5, canvas: { extraPx: 6 } } as const;
const run = (dataset: Dataset, options: ReconstructOptionsInput = {}) =>
  reconstruct(device, dataset, { ...plain, ...options });

/** The scan with intensities times `factor`, a probe to match, in the given packing. */
function scaled(factor: number, packing: "float32 amplitude" | "float32 intensity" = "float32 amplitude"): Dataset {
  return {
    ...scan.dataset,
    patterns: packPatterns(
      scan.counts.map((pattern) => pattern.map((value) => factor * value)),
      [16, 16],
      packing,
    ),
    probe: turnWave(scan.dataset.probe, 0, Math.sqrt(factor)),
    totalIntensity: scan.dataset.totalIntensity.map((value) => factor * value),
  };
}

describe("intensity scale", () => {
  const kinds: [string, ReconstructOptionsInput][] = [
    ["gaussian", { excludeMeasuredPixelsBelow: 2 }],
    ["poisson", { noiseModel: "poisson" }],
    ["power constraint by number", { probe: { power: { enabled: true, target: 800 } } }],
  ];
  test.each(kinds)("a factor of 4 is four times the data: %s", async (_, options) => {
    const found = await run(scan.dataset, { ...options, intensityScale: 4 });
    const power = options.probe?.power ? { probe: { power: { enabled: true, target: 3200 } } } : {};
    const excluded = options.excludeMeasuredPixelsBelow ? { excludeMeasuredPixelsBelow: 8 } : {};
    const expected = await run(scaled(4), { ...options, ...power, ...excluded });
    expect(Array.from(found.object.data)).toEqual(Array.from(expected.object.data));
    expect(relativeError(found.probe.data, turnWave(expected.probe, 0, 0.5).data)).toBeLessThan(1e-7);
    expect(Array.from(found.loss)).toEqual(Array.from(expected.loss, (value) => value / 4));
    expect(found.intensityScale).toBe(4);
  });

  test("intensities are scaled as amplitudes are", async () => {
    const amplitudes = await run(scaled(1), { intensityScale: 4 });
    const intensities = await run(scaled(1, "float32 intensity"), { intensityScale: 4 });
    expect(relativeError(intensities.object.data, amplitudes.object.data)).toBeLessThan(1e-6);
  });

  test("counts: the factor that makes normalised amplitudes photons", async () => {
    const found = await run(scaled(1 / 900), { intensityScale: "counts", noiseModel: "poisson" });
    expect(found.intensityScale / 900).toBeCloseTo(1, 5);
    const expected = await run(scan.dataset, { noiseModel: "poisson" });
    expect(relativeError(found.object.data, expected.object.data)).toBeLessThan(1e-4);
    expect(relativeError(found.probe.data, turnWave(expected.probe, 0, 1 / 30).data)).toBeLessThan(1e-4);
    expect(found.notes.map(({ code }) => code)).toContain("INTENSITY_SCALE");
  });

  test("counts are refused where the values do not show them", async () => {
    const blurred = scaled(1);
    const patterns = packPatterns(
      scan.counts.map((pattern) => pattern.map((value, pixel) => value + 0.3 + 0.1 * Math.sin(pixel))),
      [16, 16],
    );
    await expectRefusal(run({ ...blurred, patterns }, { intensityScale: "counts" }), "INTENSITY_SCALE", [
      "diffraction",
      "--intensity-scale",
    ]);
  });
});
