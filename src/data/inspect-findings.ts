// What an inspection finds odd about a scan, in words with what to do.

import type { DataOptions } from "../options.ts";
import type { OpenScan } from "./contract.ts";
import type { ScanReport } from "./inspect.ts";
import type { Centring, OddPixels } from "./inspect-patterns.ts";
import { errorFinding } from "./inspect-reading.ts";
import { negativeError, nonfiniteError } from "./pattern-statistics.ts";

/** A remark; `error` is what a reconstruction would refuse. */
export interface Finding {
  readonly level: "info" | "warning" | "error";
  readonly code: string;
  readonly message: string;
}

const offCentrePx = 2;
const littleOverlap = 0.6;

/**
 * Notes become findings; what a run without the permissive options would refuse becomes its error. `assumed`: nobody stated
 * what the patterns hold, so what was read into them is no finding.
 */
export function escalate(scan: OpenScan, asked: DataOptions, assumed: boolean): Finding[] {
  const { dataset, plan, statistics } = scan;
  const { key } = plan.patterns;
  const notes = dataset.notes.filter(({ code }) => !assumed || code !== "DATA_QUANTITY");
  return notes.map((note) => {
    if (note.code === "DATA_NONFINITE" && !asked.maskNonfinite) {
      return errorFinding(nonfiniteError(statistics, plan.stored, dataset.name, key));
    }
    if (note.code === "DATA_NEGATIVE" && !asked.clipNegative) {
      return errorFinding(negativeError(statistics, plan.stored, plan.decision.quantity, dataset.name, key));
    }
    return note;
  });
}

/** Remarks on what the numbers of an inspection show. */
export function oddities(centring: Centring | null, pixels: OddPixels, scan: ScanReport): Finding[] {
  const findings: Finding[] = [];
  const warn = (code: string, message: string) => findings.push({ level: "warning", code, message });
  if (centring && !centring.cornerCentred && centring.distancePx > offCentrePx) {
    const { centreOfMassPx, expectedPx, distancePx } = centring;
    const at = centreOfMassPx.map((value) => value.toFixed(1)).join(", ");
    const remedy =
      "if the direct beam lies off it too, crop or np.roll the patterns; an offset of a few pixels only puts a phase ramp on the probe";
    warn(
      "PATTERN_CENTRE",
      `the mean pattern's centre of mass (y, x) = (${at}) is ${distancePx.toFixed(1)} px off (${expectedPx.join(", ")}): ${remedy}`,
    );
  }
  const list = (places: readonly (readonly [number, number])[]) =>
    places.map((place) => `(${place.join(", ")})`).join(" ");
  if (pixels.deadCount > 0)
    warn("PIXELS_DEAD", `${pixels.deadCount} pixels look dead: ${list(pixels.dead)}; consider a mask`);
  if (pixels.hotCount > 0)
    warn("PIXELS_HOT", `${pixels.hotCount} pixels look hot: ${list(pixels.hot)}; consider a mask`);
  if (scan.linearOverlap !== null && scan.linearOverlap < littleOverlap) {
    const percent = Math.round(100 * scan.linearOverlap);
    warn(
      "SCAN_OVERLAP",
      `neighbouring probes overlap by only ${percent} % of their diameter; below 60 % reconstructions get poor`,
    );
  }
  return findings;
}
