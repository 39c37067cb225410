// Fourier ring correlation against spatial frequency, with both thresholds.

import type { FrcCurve } from "../compare/frc.ts";
import { type Bitmap, type Colour, drawLine, fillRectangle, strokeRectangle } from "./bitmap.ts";
import { CAPITAL_DOTS, drawText, measureText } from "./font.ts";
import { type Block, faint, ink, TITLE_HEIGHT_PX, TITLE_SCALE } from "./sheet.ts";

/** A named curve. */
export interface FrcSeries {
  readonly name: string;
  readonly curve: FrcCurve;
}

const seriesColours: readonly Colour[] = [
  [178, 24, 60],
  [20, 90, 170],
  [90, 120, 20],
];
const thresholdColour: Colour = [140, 140, 140];
const gridColour: Colour = [224, 224, 224];
const LEFT_PX = 30;
const LINE_PX = CAPITAL_DOTS + 5;
const LOW = -0.2;

/** Curves of one component; a small legend with the resolutions stands below. All curves share the axes. */
export function createFrcBlock(title: string, series: readonly FrcSeries[], widthPx: number, heightPx: number): Block {
  return {
    widthPx: LEFT_PX + widthPx,
    heightPx: TITLE_HEIGHT_PX + heightPx + (3 + 2 * series.length) * LINE_PX,
    draw(bitmap, left, top) {
      drawText(bitmap, left, top, title, TITLE_SCALE, ink);
      drawPlot(bitmap, left + LEFT_PX, top + TITLE_HEIGHT_PX, widthPx, heightPx, series);
      drawLegend(bitmap, left, top + TITLE_HEIGHT_PX + heightPx + 2 * LINE_PX + 4, series);
    },
  };
}

function drawPlot(
  bitmap: Bitmap,
  left: number,
  top: number,
  widthPx: number,
  heightPx: number,
  series: readonly FrcSeries[],
): void {
  const xOf = (cyclesPerPx: number) => left + Math.round((cyclesPerPx / 0.5) * (widthPx - 2));
  const yOf = (value: number) => {
    const clipped = Math.min(1, Math.max(LOW, value));
    return top + Math.round(((1 - clipped) / (1 - LOW)) * (heightPx - 2));
  };
  for (const value of [0, 0.5, 1]) {
    fillRectangle(bitmap, left, yOf(value), widthPx, 1, gridColour);
    const label = String(value);
    drawText(bitmap, left - 6 - measureText(label, 1), yOf(value) - (value === 1 ? 0 : 3), label, 1, ink);
  }
  for (const value of [0.1, 0.2, 0.3, 0.4]) fillRectangle(bitmap, xOf(value), top, 1, heightPx, gridColour);
  const draw = (frequencies: Float64Array, values: ArrayLike<number>, colour: Colour, dashed: boolean) => {
    for (let i = 1; i < frequencies.length; i++) {
      if (dashed && i % 2 === 0) continue;
      if (!Number.isFinite(values[i - 1]! + values[i]!)) continue;
      drawLine(bitmap, xOf(frequencies[i - 1]!), yOf(values[i - 1]!), xOf(frequencies[i]!), yOf(values[i]!), colour);
    }
  };
  for (const { curve } of series.slice(0, 1)) {
    draw(curve.cyclesPerPx, curve.halfBitThreshold, thresholdColour, false);
    draw(
      curve.cyclesPerPx,
      curve.halfBitThreshold.map(() => 1 / 7),
      thresholdColour,
      true,
    );
  }
  series.forEach(({ curve }, index) => {
    draw(curve.cyclesPerPx, curve.correlation, colourOf(index), false);
  });
  strokeRectangle(bitmap, left, top, widthPx, heightPx, 1, ink);
  const below = top + heightPx + 5;
  drawText(bitmap, left, below, "0", 1, ink);
  drawText(bitmap, left + widthPx - measureText("0.5", 1), below, "0.5", 1, ink);
  const name = "cycles per pixel";
  drawText(bitmap, left + Math.round((widthPx - measureText(name, 1)) / 2), below, name, 1, faint);
}

function drawLegend(bitmap: Bitmap, left: number, top: number, series: readonly FrcSeries[]): void {
  series.forEach(({ name, curve }, index) => {
    const line = top + 2 * index * LINE_PX;
    fillRectangle(bitmap, left, line + 2, 18, 3, colourOf(index));
    drawText(bitmap, left + 24, line, name, 1, ink);
    const crossings = `1/2 bit ${describe(curve.halfBit)}, 1/7 ${describe(curve.oneSeventh)}`;
    drawText(bitmap, left + 24, line + LINE_PX, crossings, 1, faint);
  });
  const line = top + 2 * series.length * LINE_PX;
  fillRectangle(bitmap, left, line + 2, 18, 3, thresholdColour);
  drawText(bitmap, left + 24, line, "1/2 bit; dashes: 1/7", 1, faint);
}

function describe({ state, resolutionPx }: FrcCurve["halfBit"]): string {
  return resolutionPx === null ? (state === "never" ? "< 2 px" : "none") : `${resolutionPx.toFixed(2)} px`;
}

function colourOf(index: number): Colour {
  return seriesColours[index % seriesColours.length]!;
}
