// Views of the second rule (v2, the default): a random share of a split, described by its measured overlaps.

import { scanBox } from "../data/scan-geometry.ts";
import { createGenerator, permuteIndices } from "../schedule/random.ts";
import {
  neighbourCount,
  type OverlapSettings,
  overlapSettings,
  probeDiameterPx,
  type StudyView,
  studySeeds,
} from "./design.ts";
import {
  dropRepeated,
  findNeighbours,
  measureBetweenGroups,
  measureNeighbours,
  measureWithinGroups,
} from "./overlap-metrics.ts";
import { studyPurpose, takePairs } from "./phase-c.ts";
import type { ViewSelection } from "./view-selection.ts";

const METRICS_VERSION = "1.0";
const smallestAcceptance = 1e-6;
const largestBound = 0.1;

/**
 * The v2 view of a split with positionsPx [position, 2] (y, x). Never refuses: the acceptance fields are reported, not
 * enforced. `n_images_total` is the split's true count, where the original repeated the view's.
 */
export function selectOverlapView(positionsPx: Float64Array, view: StudyView): ViewSelection {
  const settings = overlapSettings[view];
  const total = positionsPx.length / 2;
  const indices = subsample(total, settings.imageShare);
  const kept = takePairs(positionsPx, indices);
  const unique = dropRepeated(kept);
  const groups = groupImages(kept, settings);
  const bound = acceptanceBound(kept);
  const choice = {
    gridsize: settings.gridsize,
    s_img: settings.imageShare,
    n_groups: settings.groupCount,
    neighbor_count: neighbourCount,
    probe_diameter_px: probeDiameterPx,
    rng_seed_subsample: studySeeds.subsampling,
  };
  const acceptance = {
    geometry_acceptance_bound: bound,
    effective_min_acceptance: bound === null ? null : Math.max(bound, smallestAcceptance),
  };
  return {
    indices,
    metrics: {
      metrics_version: METRICS_VERSION,
      ...choice,
      ...(settings.gridsize > 1
        ? { metric_1_group_based_avg: measureWithinGroups(kept, groups, probeDiameterPx) }
        : {}),
      metric_2_image_based_avg: measureNeighbours(unique, neighbourCount, probeDiameterPx),
      metric_3_group_to_group_avg: measureBetweenGroups(kept, groups, probeDiameterPx),
      n_images_total: total,
      n_images_subsampled: indices.length,
      n_unique_images: unique.length / 2,
      n_groups_actual: groups.length,
      ...acceptance,
    },
    metadata: { ...choice, metrics_version: METRICS_VERSION, ...acceptance },
    parameters: { rng_seed_grouping: studySeeds.grouping, n_images_total: total },
  };
}

/** max(1, round(share * count)) of `count` images, ascending; halves to even, as Python rounds. */
function subsample(count: number, share: number): Uint32Array {
  const wanted = share * count;
  const rounded = wanted % 1 === 0.5 ? 2 * Math.round(wanted / 2) : Math.round(wanted);
  const generator = createGenerator(studySeeds.subsampling, studyPurpose.subsample);
  return permuteIndices(count, generator).subarray(0, Math.max(1, rounded)).sort();
}

/**
 * Gridsize 1: the first images, one per group, as many as there are. Gridsize 2: random images, each with its 3 nearest;
 * distinct ones unless there are more groups than images.
 */
function groupImages(positionsPx: Float64Array, { gridsize, groupCount }: OverlapSettings): number[][] {
  const count = positionsPx.length / 2;
  if (gridsize === 1) return Array.from({ length: Math.min(groupCount, count) }, (_, i) => [i]);
  const { perPosition, indices } = findNeighbours(positionsPx, gridsize * gridsize - 1);
  const generator = createGenerator(studySeeds.grouping, studyPurpose.groups);
  const seeds =
    groupCount > count
      ? Array.from({ length: groupCount }, () => generator.nextBelow(count))
      : Array.from(permuteIndices(count, generator).subarray(0, groupCount));
  return seeds.map((i) => [i, ...indices.subarray(i * perPosition, (i + 1) * perPosition)]);
}

/** Share of the images that could lie a diameter apart at most: A / (n pi (D/2)^2), 0.1 at most; null without images. */
function acceptanceBound(positionsPx: Float64Array): number | null {
  const count = positionsPx.length / 2;
  if (count === 0) return null;
  const { range } = scanBox(positionsPx);
  const disc = Math.PI * (probeDiameterPx / 2) ** 2;
  return Math.min((range[0] * range[1]) / (count * disc), largestBound);
}
