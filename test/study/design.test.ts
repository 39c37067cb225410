// The study's constants as the specification has them, and the limits of a dose.
import { expect, test } from "vitest";
import {
  overlapSettings,
  spacingThresholdPx,
  studyDoses,
  studyScales,
  studySeeds,
  wholePhotons,
} from "../../src/study/design.ts";

test("doses, seeds, sizes and views are the recorded ones", () => {
  expect(studyDoses).toEqual([1000, 10000, 100000]);
  expect(studySeeds).toEqual({ simulation: 42, grouping: 123, subsampling: 456 });
  expect(studyScales.full).toEqual({ patternPx: 128, objectPx: 464, positions: 10304 });
  expect(spacingThresholdPx("dense", 128)).toBe(38.400000000000006);
  expect(spacingThresholdPx("sparse", 128)).toBe(102.4);
  expect(overlapSettings).toEqual({
    dense: { gridsize: 2, imageShare: 0.8, groupCount: 512 },
    sparse: { gridsize: 1, imageShare: 1, groupCount: 512 },
  });
});

test("photons are whole: the fraction of a dose is dropped", () => {
  expect(wholePhotons(1000.9)).toBe(1000);
  for (const dose of [0.5, -1, Number.NaN, 2 ** 32]) expect(() => wholePhotons(dose)).toThrow("STUDY_DOSE");
});
