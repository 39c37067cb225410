// A simulated scan's picture: truth, reconstruction and their difference over the scanned box.

import type { PhaseComparison } from "../compare/compare-phase.ts";
import { wrapPhase } from "../compare/phase-plane.ts";
import { cutBox } from "../compare/pixel-box.ts";
import type { ComplexArray } from "../complex.ts";
import type { ReconstructResult } from "../engine/result.ts";
import { type ColourMap, divergingMap, greyMap } from "./colour-maps.ts";
import { amplitudesOf, type Field, meanPhaseOf, percentilesOf, phasesOf, pickField } from "./field.ts";
import { createPanelBlock, type Panel } from "./panel.ts";
import type { PictureOptions } from "./render-reconstruction.ts";
import { chooseScaleBar } from "./scale-bar.ts";
import { renderSheet } from "./sheet.ts";

const TARGET_PX = 400;

/**
 * PNG of phase (above) and amplitude (below): truth, reconstruction without the constant, ramp and scale that
 * `comparison` took off, and their difference. `truth` [y, x] in data coordinates, as given to `comparePhase`.
 */
export function renderTruthComparison(
  result: Pick<ReconstructResult, "object" | "canvasOriginPx">,
  truth: ComplexArray,
  comparison: PhaseComparison,
  options: Pick<PictureOptions, "title" | "pixelSizeM"> = {},
): Uint8Array {
  const { box, removed, phaseDifferenceRad, phaseRmsRad, amplitudeRms } = comparison;
  const trueField = pickField(cutBox(truth, box, [0, 0], "truth_object"), 0);
  const foundField = pickField(cutBox(result.object, box, result.canvasOriginPx, "reconstructed_object"), 0);
  const truePhase = phasesOf(trueField, meanPhaseOf(trueField));
  const foundPhase = truePhase.map((phase, i) => wrapPhase(phase + phaseDifferenceRad[i]!));
  const trueAmplitude = amplitudesOf(trueField);
  const foundAmplitude = amplitudesOf(foundField).map((amplitude) => amplitude * removed.scale);
  const amplitudeDifference = foundAmplitude.map((amplitude, i) => amplitude - trueAmplitude[i]!);
  const common = describeField(trueField, options.pixelSizeM ?? null);
  const rows = [
    createRow(common, "phase", truePhase, foundPhase, phaseDifferenceRad, [
      `RMS ${phaseRmsRad.toPrecision(3)} rad after removing constant and ramp`,
    ]),
    createRow(common, "amplitude", trueAmplitude, foundAmplitude, amplitudeDifference, [
      `RMS ${(100 * amplitudeRms).toPrecision(3)} % of the true amplitude's, best scale`,
    ]),
  ];
  return renderSheet(
    options.title ? [options.title] : [],
    rows.map((row) => row.map(createPanelBlock)),
  );
}

type Common = Pick<Panel, "heightPx" | "widthPx" | "magnification" | "scaleBar" | "outline">;

function describeField({ heightPx, widthPx }: Field, pixelSizeM: number | null): Common {
  const magnification = Math.max(1, Math.floor(TARGET_PX / Math.max(heightPx, widthPx)));
  return { heightPx, widthPx, magnification, scaleBar: chooseScaleBar(widthPx, pixelSizeM), outline: null };
}

function createRow(
  common: Common,
  name: "phase" | "amplitude",
  truth: Float64Array,
  found: Float64Array,
  difference: Float64Array,
  caption: readonly string[],
): Panel[] {
  const [low, high] = percentilesOf(truth, [0.005, 0.995]) as [number, number];
  const reach = percentilesOf(difference.map(Math.abs), [0.995])[0]! || 1;
  const unit = name === "phase" ? "radians, mean removed" : "1 = nothing absorbed";
  const grey = { ...common, ...linearScale(greyMap, [low, high]) };
  return [
    { ...grey, title: `true ${name}`, caption: [unit], values: truth },
    { ...grey, title: `reconstructed ${name}`, caption: [`${unit}, same greys`], values: found },
    {
      ...common,
      ...linearScale(divergingMap, [-reach, reach]),
      title: "difference",
      caption,
      values: difference,
    },
  ];
}

function linearScale(map: ColourMap, range: readonly [number, number]): Pick<Panel, "map" | "range" | "ticks"> {
  const marks = [range[0], (range[0] + range[1]) / 2, range[1]];
  return { map, range, ticks: marks.map((value) => ({ value, label: value.toPrecision(2) })) };
}
