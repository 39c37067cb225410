// Views of the first rule (v1): points that keep a distance S from all others, or a greedy thinning to that distance.

import { InputError } from "../errors.ts";
import { type StudySplit, type StudyView, spacingThresholdPx } from "./design.ts";
import { squaredDistance, type ViewSelection } from "./view-selection.ts";

/** Share of the points that a v1 view must keep. */
export const MIN_ACCEPTANCE_RATE = 0.1;

/** Which points a spacing keeps, and how. */
export interface SpacingChoice {
  readonly strategy: "direct" | "greedy";
  readonly indices: Uint32Array;
  readonly acceptanceRate: number;
}

/**
 * The v1 view of a split with positionsPx [position, 2] (y, x). Throws InputError STUDY_SPACING when even greedy thinning
 * keeps less than a tenth: the original's rule, which random positions as dense as the study's can never meet.
 */
export function selectSpacingView(
  positionsPx: Float64Array,
  patternPx: number,
  view: StudyView,
  split: StudySplit,
  sourceFile: string,
): ViewSelection {
  const thresholdPx = spacingThresholdPx(view, patternPx);
  const count = positionsPx.length / 2;
  const direct = selectDirect(positionsPx, thresholdPx);
  const choice = direct.acceptanceRate >= MIN_ACCEPTANCE_RATE ? direct : selectGreedy(positionsPx, thresholdPx);
  if (!(choice.acceptanceRate >= MIN_ACCEPTANCE_RATE)) {
    throw new InputError(
      "STUDY_SPACING",
      `Insufficient positions meet spacing threshold for ${view} view in ${split} split even after greedy downsampling`,
      {
        expected: `at least ${100 * MIN_ACCEPTANCE_RATE} % of ${count} positions ${thresholdPx} px apart`,
        got: `${choice.indices.length} (direct ${direct.indices.length})`,
        remedy: "Use --view-rule v2",
      },
    );
  }
  const accepted = choice.indices.length;
  const counts = { n_accepted: accepted, n_rejected: count - accepted, acceptance_rate: choice.acceptanceRate };
  return {
    indices: choice.indices,
    metrics: { ...measureSpacing(positionsPx), threshold: thresholdPx, n_positions: count, ...counts },
    metadata: {
      overlap_view: view,
      spacing_threshold: thresholdPx,
      source_file: sourceFile,
      ...counts,
      selection_strategy: choice.strategy,
    },
    parameters: { minimum_acceptance_rate: MIN_ACCEPTANCE_RATE },
  };
}

/** Points whose nearest neighbour among all points is at least `thresholdPx` away. */
export function selectDirect(positionsPx: Float64Array, thresholdPx: number): SpacingChoice {
  const count = positionsPx.length / 2;
  const isFar = (i: number) => {
    for (let j = 0; j < count; j++) {
      if (j !== i && Math.sqrt(squaredDistance(positionsPx, i, j)) < thresholdPx) return false;
    }
    return true;
  };
  return makeChoice("direct", Uint32Array.from({ length: count }, (_, i) => i).filter(isFar), count);
}

/** Points by y, then x; each is kept when it is at least `thresholdPx` from all kept before. */
export function selectGreedy(positionsPx: Float64Array, thresholdPx: number): SpacingChoice {
  const count = positionsPx.length / 2;
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => positionsPx[2 * a]! - positionsPx[2 * b]! || positionsPx[2 * a + 1]! - positionsPx[2 * b + 1]! || a - b,
  );
  const kept: number[] = [];
  for (const i of order) {
    if (kept.every((j) => Math.sqrt(squaredDistance(positionsPx, i, j)) >= thresholdPx)) kept.push(i);
  }
  return makeChoice("greedy", Uint32Array.from(kept).sort(), count);
}

/** Least, largest, mean and median distance over all pairs; null where there is no pair. */
export function measureSpacing(positionsPx: Float64Array) {
  const count = positionsPx.length / 2;
  const distances = new Float64Array((count * (count - 1)) / 2);
  for (let i = 0, at = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) distances[at++] = Math.sqrt(squaredDistance(positionsPx, i, j));
  }
  const pairs = distances.length;
  if (pairs === 0) return { min_spacing: null, max_spacing: null, mean_spacing: null, median_spacing: null };
  let sum = 0;
  for (const distance of distances) sum += distance;
  distances.sort();
  return {
    min_spacing: distances[0]!,
    max_spacing: distances[pairs - 1]!,
    mean_spacing: sum / pairs,
    median_spacing: (distances[(pairs - 1) >> 1]! + distances[pairs >> 1]!) / 2,
  };
}

function makeChoice(strategy: SpacingChoice["strategy"], indices: Uint32Array, count: number): SpacingChoice {
  return { strategy, indices, acceptanceRate: count === 0 ? 0 : indices.length / count };
}
