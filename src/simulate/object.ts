// Objects of simulations: a procedural specimen from a seed, or a grey image turned into phase and amplitude.

import { type ComplexArray, complexZeros } from "../complex.ts";
import { OptionsError } from "../errors.ts";
import { createGenerator, type Generator } from "../schedule/random.ts";
import { cosSinOfTurns } from "./elementary.ts";
import {
  paintBars,
  paintCell,
  paintGlyphs,
  paintGround,
  paintStar,
  type Specimen,
  softenSpecimen,
} from "./object-features.ts";
import type { SimulateOptions } from "./options.ts";
import { drawUniform, simulationPurpose } from "./random.ts";

/** A grey image: values 0 (black) ... 1 (white), C order [y, x]. */
export interface GreyImage {
  readonly heightPx: number;
  readonly widthPx: number;
  readonly values: Float32Array | Float64Array;
}

/**
 * Complex object [y, x]: cells with organelles around a resolution chart (star, bars, lines of made-up letters) that
 * fills the scanned field of `fieldPx` (y, x) in the middle.
 */
export function createProceduralObject(
  options: SimulateOptions["object"],
  shapePx: readonly [number, number],
  fieldPx: readonly [number, number],
  seed: number,
): ComplexArray {
  const [heightPx, widthPx] = shapePx;
  const count = heightPx * widthPx;
  const specimen = { heightPx, widthPx, thickness: new Float64Array(count), absorption: new Float64Array(count) };
  const generator = createGenerator(seed, simulationPurpose.object);
  // The chart is laid out in units of half the scanned field plus what the probe's skirt still sees.
  const unitPx = Math.max(16, Math.min(fieldPx[0], fieldPx[1]) / 2 + 6);
  paintGround(specimen, 2.2 * unitPx, generator);
  paintCells(specimen, unitPx, generator);
  paintChart(specimen, unitPx, generator);
  softenSpecimen(specimen);
  return composeObject(options, specimen.thickness, specimen.absorption, shapePx);
}

/** Complex object [y, x] of an image: white = thick and transparent, black = thin and dark. */
export function createObjectFromImage(options: SimulateOptions["object"], image: GreyImage): ComplexArray {
  const { heightPx, widthPx, values } = image;
  if (values.length !== heightPx * widthPx) {
    throw new OptionsError("SIMULATE_IMAGE", "the image's values do not fill its shape", {
      field: "image",
      expected: `${heightPx * widthPx} values for ${heightPx} x ${widthPx}`,
      got: `${values.length}`,
    });
  }
  const absorption = Float64Array.from(values, (value) => 1 - value);
  return composeObject(options, Float64Array.from(values), absorption, [heightPx, widthPx]);
}

/** Parts of the field (top, left, bottom, right, in units from the middle) that the chart keeps free of cells. */
const CHART_ZONES = [
  [-0.88, -0.88, 0.1, 0.1], // star
  [-0.88, 0.14, -0.02, 0.96], // letters
  [0.26, -0.86, 0.76, 0.08], // bars
] as const;

/** Cells over the whole specimen, not overlapping much: a try is dropped when it comes too near to something earlier. */
function paintCells(specimen: Specimen, unitPx: number, generator: Generator): void {
  const placed: { y: number; x: number; radiusPx: number }[] = [];
  const tries = Math.ceil((18 * specimen.heightPx * specimen.widthPx) / (unitPx * unitPx));
  for (let i = 0; i < tries; i++) {
    const y = drawUniform(generator) * specimen.heightPx;
    const x = drawUniform(generator) * specimen.widthPx;
    // Large cells first, small ones fill the gaps.
    const radiusPx = Math.max(4, unitPx * (0.25 - (0.17 * i) / tries) * (0.85 + 0.3 * drawUniform(generator)));
    const near = placed.some((cell) => {
      const apart = 0.95 * (cell.radiusPx + radiusPx);
      return squaredDistance(cell.y - y, cell.x - x) < apart * apart;
    });
    if (near || touchesChart(specimen, unitPx, y, x, 1.05 * radiusPx)) continue;
    placed.push({ y, x, radiusPx });
    paintCell(specimen, y, x, radiusPx, generator);
  }
}

function touchesChart(specimen: Specimen, unitPx: number, y: number, x: number, radiusPx: number): boolean {
  const v = (y - specimen.heightPx / 2) / unitPx;
  const u = (x - specimen.widthPx / 2) / unitPx;
  const reach = radiusPx / unitPx;
  return CHART_ZONES.some(([top, left, bottom, right]) => {
    const dy = Math.max(top - v, 0, v - bottom);
    const dx = Math.max(left - u, 0, u - right);
    return squaredDistance(dy, dx) < reach * reach;
  });
}

function paintChart(specimen: Specimen, unitPx: number, generator: Generator): void {
  const y0 = specimen.heightPx / 2;
  const x0 = specimen.widthPx / 2;
  paintStar(specimen, y0 - 0.4 * unitPx, x0 - 0.4 * unitPx, 0.46 * unitPx, 18);
  const dots = [4, 3, 2, 1.5, 1].filter((dotPx) => dotPx <= unitPx / 20);
  for (let line = 0, y = y0 - 0.84 * unitPx; line < dots.length; line++) {
    const dotPx = dots[line]!;
    if (y + 5 * dotPx > y0 - 0.02 * unitPx) break;
    const count = Math.max(1, Math.floor((0.78 * unitPx) / (6.5 * dotPx)));
    paintGlyphs(specimen, y, x0 + 0.18 * unitPx, dotPx, count, generator);
    y += 7 * dotPx;
  }
  paintBars(specimen, y0 + 0.32 * unitPx, x0 - 0.82 * unitPx, Math.max(3, Math.round(unitPx / 12)));
}

function squaredDistance(dy: number, dx: number): number {
  return dy * dy + dx * dx;
}

function composeObject(
  options: SimulateOptions["object"],
  thickness: Float64Array,
  absorption: Float64Array,
  shapePx: readonly [number, number],
): ComplexArray {
  const [phaseLow, phaseHigh] = options.phaseRangeRad;
  const [dark, bright] = options.amplitudeRange;
  const object = complexZeros(shapePx);
  for (let i = 0; i < thickness.length; i++) {
    const phaseRad = phaseLow + (phaseHigh - phaseLow) * clamp(thickness[i]!);
    const amplitude = bright - (bright - dark) * clamp(absorption[i]!);
    const [cosine, sine] = cosSinOfTurns(phaseRad / (2 * Math.PI));
    object.data[2 * i] = amplitude * cosine;
    object.data[2 * i + 1] = amplitude * sine;
  }
  return object;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
