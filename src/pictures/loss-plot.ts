// Loss against epoch on a logarithmic scale.

import { type Bitmap, type Colour, drawLine, fillRectangle, strokeRectangle } from "./bitmap.ts";
import { CAPITAL_DOTS, drawText, measureText } from "./font.ts";
import { type Block, faint, ink, TITLE_HEIGHT_PX, TITLE_SCALE } from "./sheet.ts";

const curveColour: Colour = [178, 24, 60];
const gridColour: Colour = [224, 224, 224];
const LABEL_WIDTH_PX = 48;
const BELOW_PX = 2 * (CAPITAL_DOTS + 5);

/** The curve of `loss` [epoch] as a block, epochs counted from 0; values that are not positive numbers are left out. */
export function createLossBlock(loss: Float64Array, plotWidthPx: number, plotHeightPx: number): Block {
  return {
    widthPx: LABEL_WIDTH_PX + plotWidthPx,
    heightPx: TITLE_HEIGHT_PX + plotHeightPx + BELOW_PX,
    draw(bitmap, left, top) {
      drawText(bitmap, left, top, "loss", TITLE_SCALE, ink);
      drawCurve(bitmap, left + LABEL_WIDTH_PX, top + TITLE_HEIGHT_PX, plotWidthPx, plotHeightPx, loss);
    },
  };
}

function drawCurve(bitmap: Bitmap, left: number, top: number, widthPx: number, heightPx: number, loss: Float64Array) {
  const points = choosePoints(loss);
  const bottom = top + heightPx;
  if (points.length > 0) {
    const values = points.map(({ value }) => Math.log10(value));
    const low = Math.min(...values) - 0.04;
    const high = Math.max(...values) + 0.04;
    const yOf = (logarithm: number) => Math.round(bottom - 1 - ((logarithm - low) / (high - low)) * (heightPx - 1));
    const xOf = (epoch: number) => left + Math.round((epoch / Math.max(1, loss.length - 1)) * (widthPx - 1));
    for (const tick of chooseTicks(low, high)) {
      const y = yOf(Math.log10(tick));
      fillRectangle(bitmap, left, y, widthPx, 1, gridColour);
      const label = formatTick(tick);
      drawText(bitmap, left - 6 - measureText(label, 1), y - 3, label, 1, ink);
    }
    points.forEach(({ epoch }, i) => {
      const before = Math.max(0, i - 1);
      drawLine(bitmap, xOf(points[before]!.epoch), yOf(values[before]!), xOf(epoch), yOf(values[i]!), curveColour);
    });
  }
  strokeRectangle(bitmap, left, top, widthPx, heightPx, 1, ink);
  const last = String(Math.max(1, loss.length));
  drawText(bitmap, left, bottom + 6, "1", 1, ink);
  drawText(bitmap, left + widthPx - measureText(last, 1), bottom + 6, last, 1, ink);
  const name = "epoch";
  drawText(bitmap, left + Math.round((widthPx - measureText(name, 1)) / 2), bottom + 6, name, 1, faint);
}

/**
 * Points that can be drawn on a logarithmic scale. The first epoch only gives the probe its power (lsqml.md 3): where its
 * loss is that of a wrong scale it would flatten all that follows, so it is left out then.
 */
function choosePoints(loss: Float64Array): { epoch: number; value: number }[] {
  const points = Array.from(loss, (value, epoch) => ({ epoch, value })).filter(
    ({ value }) => value > 0 && Number.isFinite(value),
  );
  const later = points.filter(({ epoch }) => epoch > 0);
  const largest = Math.max(...later.map(({ value }) => value));
  return later.length > 1 && points[0]!.value > 10 * largest ? later : points;
}

/** 1, 2 and 5 times powers of ten within 10^low ... 10^high; powers alone when that were too many. */
function chooseTicks(low: number, high: number): number[] {
  const factors = high - low > 2.5 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++) {
    for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
  }
  const inside = ticks.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
  return inside.length > 1 ? inside : [10 ** (low + 0.04), 10 ** (high - 0.04)];
}

function formatTick(tick: number): string {
  return tick >= 0.01 && tick < 1e4 ? String(Number(tick.toPrecision(3))) : tick.toExponential(0).replace("e+", "e");
}
