// What a comparison knows about itself, in words.

import type { ComparedPair, ComparedResults } from "./compare-results.ts";
import { formatNumber } from "./format.ts";

/** Where the correlation falls below the half-bit threshold, and why it does not. */
export function describeCrossing({ state, resolutionPx }: ComparedPair["frc"]["halfBit"]): string {
  switch (state) {
    case "crosses":
      return `${formatNumber(resolutionPx!)} px`;
    case "never":
      return "never below the threshold: alike down to 2 px";
    case "from the start":
      return "below the threshold from the start: nothing in common";
    case "undefined":
      return "not defined: a ring holds no power";
  }
}

export function describeShift(offsetPx: ComparedResults["offsetPx"], atBound: boolean): string {
  const shift = `${offsetPx.map(formatNumber).join(", ")} px (y, x)`;
  return atBound ? `${shift}, where the search ends: they may not belong together` : shift;
}

export function describePlace(placedBy: ComparedResults["placedBy"]): string {
  switch (placedBy) {
    case "recorded":
      return "by the positions in both files";
    case "rule":
      return "by the rule of pty-chi";
    case "centred":
      return "one centred on the other: a file does not say where its canvas lies";
  }
}
