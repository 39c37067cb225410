// The study's design and its grid (study.md sections 1.1 and 5.1).

import { describe, expect, it } from "vitest";
import { formatFloat, listGrid, parseDesign, studyDesign } from "../../src/jobs/design.ts";
import { expectRefusal } from "../support/expect-refusal.ts";

describe("the study's design", () => {
  it("has the nine fields with the study's values", () => {
    expect(studyDesign).toEqual({
      dose_list: [1000, 10000, 100000],
      gridsizes: [1, 2],
      neighbor_count: 7,
      patch_size_pixels: 128,
      overlap_views: { dense: 0.7, sparse: 0.2 },
      spacing_thresholds: { dense: 38.400000000000006, sparse: 102.4 },
      train_test_split_axis: "y",
      rng_seeds: { simulation: 42, grouping: 123, subsampling: 456 },
      metrics_config: { ms_ssim_sigma: 1, emphasize_phase: true, report_amplitude: true, frc_threshold: 0.5 },
    });
  });
  it("spans 18 cells: dose ascending, then split, then view", () => {
    const names = listGrid(studyDesign).map(({ dose, split, view }) => `${dose}/${split}/${view}`);
    expect(names).toHaveLength(18);
    expect(names.slice(0, 7)).toEqual([
      "1000/train/baseline",
      "1000/train/dense",
      "1000/train/sparse",
      "1000/test/baseline",
      "1000/test/dense",
      "1000/test/sparse",
      "10000/train/baseline",
    ]);
    expect(names.at(-1)).toBe("100000/test/sparse");
  });
  it("sorts the doses and takes other views, thresholds by rule", () => {
    const design = parseDesign({ dose_list: [50, 3.5], overlap_views: { wide: 0.5 }, patch_size_pixels: 64 });
    expect(design.spacing_thresholds).toEqual({ wide: 32 });
    expect(
      listGrid(design)
        .map(({ dose, view, gridsize }) => [dose, view, gridsize])
        .slice(0, 2),
    ).toEqual([
      [3.5, "baseline", 1],
      [3.5, "wide", 2],
    ]);
    expect(listGrid(design)).toHaveLength(8);
  });
  it("prints numbers as the study does", () => {
    expect([1000, 0.5, 1e-5, 123456.25].map(formatFloat)).toEqual(["1000.0", "0.5", "1e-05", "123456.25"]);
  });
});

describe("a design is refused", () => {
  it.each([
    ["no dose", { dose_list: [] }, "DESIGN_VALUE", "dose_list must not be empty"],
    ["a dose of zero", { dose_list: [1000, 0] }, "DESIGN_VALUE", "All doses must be positive"],
    ["two doses of one folder", { dose_list: [1000, 1000.5] }, "DESIGN_VALUE", "dose_1000"],
    ["too few neighbours", { neighbor_count: 3 }, "DESIGN_VALUE", "neighbor_count 3"],
    ["full overlap", { overlap_views: { dense: 1 } }, "DESIGN_VALUE", "overlap_views.dense"],
    ["no spacing", { spacing_thresholds: { dense: 0, sparse: 1 } }, "DESIGN_VALUE", "spacing_thresholds.dense"],
    ["a spacing without a view", { spacing_thresholds: { dense: 1, spars: 1 } }, "DESIGN_CONFLICT", "spars"],
    ["a view without a spacing", { spacing_thresholds: { dense: 1 } }, "DESIGN_CONFLICT", "overlap_views.sparse"],
    ["a view named baseline", { overlap_views: { Baseline: 0.5 } }, "DESIGN_VALUE", "Baseline"],
    ["a view that climbs", { overlap_views: { "../x": 0.5 } }, "DESIGN_VALUE", "../x"],
    ["text for a number", { neighbor_count: "7" }, "DESIGN_VALUE", 'an integer of at least 1, got "7"'],
    ["a misspelt name", { dose_lists: [1] }, "DESIGN_KEY", "Did you mean `dose_list`"],
    ["a list", [], "DESIGN_VALUE", "an object"],
  ])("%s", async (_, json, code, text) => {
    await expectRefusal(() => parseDesign(json, "design.json"), code, ["design.json"], 78).then((error) =>
      expect(error.message).toContain(text),
    );
  });
});
