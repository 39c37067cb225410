// How much neighbouring images of a view overlap, each taken as a disc around its position: three means.

import { squaredDistance } from "./view-selection.ts";

/** Share of a disc of diameter D that an equal one at distance d covers; 0 from D on. */
export function discOverlap(distancePx: number, diameterPx: number): number {
  if (distancePx >= diameterPx) return 0;
  // Lens of two circles of radius R: 2 R^2 acos(d / 2R) - (d / 2) sqrt(4 R^2 - d^2), over pi R^2.
  const relative = distancePx / diameterPx;
  return (2 / Math.PI) * (Math.acos(relative) - relative * Math.sqrt(1 - relative * relative));
}

/**
 * The nearest neighbours of every position [position, 2] (y, x), itself excluded: [position, k] indices by distance, then
 * by index, with k = min(wanted, positions - 1).
 */
export function findNeighbours(
  positionsPx: Float64Array,
  wanted: number,
): { perPosition: number; indices: Uint32Array } {
  const count = positionsPx.length / 2;
  const perPosition = Math.max(0, Math.min(wanted, count - 1));
  const indices = new Uint32Array(count * perPosition);
  const distances = new Float64Array(perPosition);
  for (let i = 0; i < count; i++) {
    const base = i * perPosition;
    let filled = 0;
    for (let j = 0; j < count && perPosition > 0; j++) {
      if (j === i) continue;
      const squared = squaredDistance(positionsPx, i, j);
      if (filled === perPosition && squared >= distances[filled - 1]!) continue;
      let at = filled < perPosition ? filled++ : perPosition - 1;
      for (; at > 0 && distances[at - 1]! > squared; at--) {
        distances[at] = distances[at - 1]!;
        indices[base + at] = indices[base + at - 1]!;
      }
      distances[at] = squared;
      indices[base + at] = j;
    }
  }
  return { perPosition, indices };
}

/** Positions [position, 2] without repetitions, in order. */
export function dropRepeated(positionsPx: Float64Array): Float64Array {
  const pairs = new Map<string, readonly [number, number]>();
  for (let i = 0; i < positionsPx.length; i += 2) {
    const pair = [positionsPx[i]!, positionsPx[i + 1]!] as const;
    if (!pairs.has(pair.join())) pairs.set(pair.join(), pair);
  }
  return Float64Array.from([...pairs.values()].flat());
}

/** Metric 1: mean overlap of an image with the others of its group; null when no group has two images. */
export function measureWithinGroups(
  positionsPx: Float64Array,
  groups: readonly (readonly number[])[],
  diameterPx: number,
): number | null {
  const means = groups
    .filter((group) => group.length > 1)
    .flatMap((group) =>
      group.map((i, at) =>
        meanOf(group.filter((_, other) => other !== at).map((j) => overlapOf(positionsPx, i, j, diameterPx))),
      ),
    );
  return means.length === 0 ? null : meanOf(means);
}

/** Metric 2: mean over the images of an image's mean overlap with its nearest neighbours; null for a single image. */
export function measureNeighbours(positionsPx: Float64Array, wanted: number, diameterPx: number): number | null {
  const { perPosition, indices } = findNeighbours(positionsPx, wanted);
  if (perPosition === 0) return null;
  // All images have equally many neighbours, so the mean of their means is the mean.
  return meanOf(Array.from(indices, (j, at) => overlapOf(positionsPx, Math.floor(at / perPosition), j, diameterPx)));
}

/**
 * Metric 3: mean over the groups of a group's mean overlap with those whose centre of mass is nearer than a diameter. A
 * group that has none counts as 0. Null for a single group.
 */
export function measureBetweenGroups(
  positionsPx: Float64Array,
  groups: readonly (readonly number[])[],
  diameterPx: number,
): number | null {
  if (groups.length < 2) return null;
  const centres = new Float64Array(2 * groups.length);
  for (const [at, group] of groups.entries()) {
    for (const i of group) {
      centres[2 * at]! += positionsPx[2 * i]! / group.length;
      centres[2 * at + 1]! += positionsPx[2 * i + 1]! / group.length;
    }
  }
  const means = groups.map((_, a) => {
    let sum = 0;
    let near = 0;
    for (let b = 0; b < groups.length; b++) {
      const distance = Math.sqrt(squaredDistance(centres, a, b));
      if (b === a || distance >= diameterPx) continue;
      sum += discOverlap(distance, diameterPx);
      near++;
    }
    return near === 0 ? 0 : sum / near;
  });
  return meanOf(means);
}

function overlapOf(positionsPx: Float64Array, i: number, j: number, diameterPx: number): number {
  return discOverlap(Math.sqrt(squaredDistance(positionsPx, i, j)), diameterPx);
}

function meanOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
