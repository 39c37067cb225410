// Which part of the values the colours span.

import { element } from "./dom.ts";

/** Choices, in percent. */
const percentiles: readonly (readonly [label: string, low: number, high: number])[] = [
  ["0–100 %", 0, 100],
  ["0.5–99.5 %", 0.5, 99.5],
  ["2–98 %", 2, 98],
  ["10–90 %", 10, 90],
];

/** Of phases: the whole circle in the map that meets itself. */
const FULL_TURN = "−π … π";

export interface RangeSelect {
  readonly root: HTMLSelectElement;
  readonly percentile: readonly [number, number];
  /** The whole circle instead of percentiles; phases only. */
  readonly fullTurn: boolean;
  /** Takes the choice of another one. */
  copy(other: RangeSelect): void;
}

export function createRangeSelect(
  title: string,
  start: readonly [number, number],
  phases: boolean,
  onChosen: () => void,
): RangeSelect {
  const root = element("select", { "aria-label": `Range of ${title}` });
  for (const [label, low, high] of percentiles) {
    root.append(element("option", { value: label, selected: low === start[0] && high === start[1] }, label));
  }
  if (phases) root.append(element("option", { value: FULL_TURN }, FULL_TURN));
  root.addEventListener("change", onChosen);
  return {
    root,
    get percentile() {
      const [, low, high] = percentiles[root.selectedIndex] ?? percentiles[0]!;
      return [low, high] as const;
    },
    get fullTurn() {
      return percentiles[root.selectedIndex] === undefined;
    },
    copy(other) {
      root.selectedIndex = other.root.selectedIndex;
    },
  };
}
