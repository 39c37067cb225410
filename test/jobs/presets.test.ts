// Presets: the original's settings by name, ours, and the same as flags.
import { expect, test } from "vitest";
import {
  DARK_BELOW_DOSE,
  POISSON_BELOW_DOSE,
  presetFlags,
  presetNames,
  presetOptions,
} from "../../src/jobs/presets.ts";
import { readReconstructRequest } from "../../src/node/reconstruct-request.ts";
import { parseOptions } from "../../src/options.ts";

test("study: the original script (study.md 5.7)", () => {
  const options = parseOptions(presetOptions("study", { dose: 1000, epochs: 100, seed: 7 }));
  expect(options).toMatchObject({
    epochs: 100,
    seed: 7,
    batchSize: 96,
    noiseModel: "gaussian",
    initialObject: "flat",
    intensityScale: null,
    canvas: { extraPx: 50 },
    data: { firstPatterns: 2000 },
    probe: { power: { enabled: true, target: "median-total-intensity", scaleObject: true } },
  });
});

test("best: all patterns, counts, no power constraint, Poisson model below the stated dose and not in the dark", () => {
  const at = (dose: number) => parseOptions(presetOptions("best", { dose, epochs: 3, seed: 0 }));
  const bright = at(POISSON_BELOW_DOSE);
  expect(bright).toMatchObject({ intensityScale: "counts", noiseModel: "gaussian", data: { firstPatterns: null } });
  expect(bright.photonsPerPattern).toBe(POISSON_BELOW_DOSE);
  expect(bright.probe.power.enabled).toBe(false);
  expect(at(POISSON_BELOW_DOSE - 1).noiseModel).toBe("poisson");
  expect(at(DARK_BELOW_DOSE).noiseModel).toBe("poisson");
  const dark = at(DARK_BELOW_DOSE - 1);
  expect(dark.noiseModel).toBe("gaussian");
  expect([dark, bright].map(({ object }) => object.optimalStepSizeScaler)).toEqual([0.3, 0.9]);
  expect([1000, 10_000, 100_000].map((dose) => at(dose).noiseModel)).toEqual(["gaussian", "poisson", "poisson"]);
});

test.each(presetNames)("%s: the flags of the log's command give the same options", async (preset) => {
  for (const dose of [1000, 10_000, 2e6]) {
    const facts = { dose, epochs: 12, seed: 5 };
    const flags = ["--epochs", "12", "--seed", "5", ...presetFlags(preset, dose)];
    const request = await readReconstructRequest(["scan.npz", "--output", "nowhere", ...flags]);
    expect(request.options).toEqual(parseOptions(presetOptions(preset, facts)));
  }
});
