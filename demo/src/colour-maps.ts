// Colour maps of the page: the core's, so that a finished image looks like its preview and like the command line's
// pictures, and for patterns and counts viridis.

import { type ColourMap, cyclicMap, divergingMap, greyMap, risingMap } from "../../src/pictures/colour-maps.ts";

export type { ColourMap };

/** Ten colours of viridis (van der Walt and Smith, CC0): lightness rises evenly, also for people who see two colours only. */
const stops: readonly (readonly [number, number, number])[] = [
  [68, 1, 84],
  [71, 39, 119],
  [62, 73, 137],
  [48, 103, 141],
  [37, 130, 142],
  [30, 157, 136],
  [53, 183, 120],
  [109, 206, 88],
  [180, 221, 43],
  [253, 231, 36],
];

const brightMap: ColourMap = interpolate(stops, 256);

/** What an image holds, which decides its colours. */
export type Quantity = "phase" | "hue" | "amplitude" | "log" | "count" | "difference";

/** Span from which on phases are drawn in the map that meets itself. */
export const CYCLIC_SPAN_RAD = Math.PI;

/** The map for values of a quantity between `low` and `high`. */
export function chooseMap(quantity: Quantity, low: number, high: number): ColourMap {
  if (quantity === "difference") return divergingMap;
  if (quantity === "hue") return cyclicMap;
  if (quantity === "amplitude") return greyMap;
  if (quantity !== "phase") return brightMap;
  return high - low > CYCLIC_SPAN_RAD ? cyclicMap : risingMap;
}

function interpolate(points: typeof stops, entries: number): ColourMap {
  const data = new Uint8Array(3 * entries);
  for (let entry = 0; entry < entries; entry++) {
    const place = (entry / (entries - 1)) * (points.length - 1);
    const index = Math.min(points.length - 2, Math.floor(place));
    for (let colour = 0; colour < 3; colour++) {
      const [before, after] = [points[index]![colour]!, points[index + 1]![colour]!];
      data[3 * entry + colour] = Math.round(before + (place - index) * (after - before));
    }
  }
  return { entries, data };
}
