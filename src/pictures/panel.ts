// A panel: one image in colours with title, caption, colour bar, scale bar and outlined box.

import type { PixelBox } from "../compare/pixel-box.ts";
import { type Bitmap, type Colour, fillRectangle, strokeRectangle } from "./bitmap.ts";
import { type ColourMap, colourAt } from "./colour-maps.ts";
import { CAPITAL_DOTS, drawText, fitText } from "./font.ts";
import type { ScaleBar } from "./scale-bar.ts";
import { type Block, faint, ink, paper, TITLE_HEIGHT_PX, TITLE_SCALE } from "./sheet.ts";

/** What a panel shows. */
export interface Panel {
  readonly title: string;
  /** Small lines below the image. */
  readonly caption: readonly string[];
  readonly heightPx: number;
  readonly widthPx: number;
  /** [y, x]; NaN is drawn grey. */
  readonly values: Float64Array;
  readonly map: ColourMap;
  /** Values at the two ends of the map. */
  readonly range: readonly [number, number];
  /** Marks of the colour bar. */
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
  /** Screen pixels per image pixel. */
  readonly magnification: number;
  readonly scaleBar: ScaleBar | null;
  /** Drawn as a thin outline. */
  readonly outline: PixelBox | null;
}

const undefinedGrey: Colour = [150, 150, 150];

const BELOW_GAP_PX = 6;
const LINE_HEIGHT_PX = CAPITAL_DOTS + 5;
const BAR_GAP_PX = 8;
const BAR_WIDTH_PX = 12;
const LABEL_GAP_PX = 6;
/** Room for the labels of a colour bar, the same for all panels so that they line up: eight characters. */
const LABEL_WIDTH_PX = 47;

/** A panel as a block of a sheet. Its image begins `TITLE_HEIGHT_PX` below the block's top left corner. */
export function createPanelBlock(panel: Panel): Block {
  const lines = panel.caption.length + (panel.scaleBar ? 1 : 0);
  const widthPx = panel.widthPx * panel.magnification + BAR_GAP_PX + BAR_WIDTH_PX + LABEL_GAP_PX + LABEL_WIDTH_PX;
  return {
    widthPx,
    heightPx: TITLE_HEIGHT_PX + panel.heightPx * panel.magnification + BELOW_GAP_PX + lines * LINE_HEIGHT_PX,
    draw: (bitmap, left, top) => drawPanel(bitmap, left, top, panel, widthPx),
  };
}

function drawPanel(bitmap: Bitmap, left: number, top: number, panel: Panel, panelWidthPx: number): void {
  const imageTop = top + TITLE_HEIGHT_PX;
  const imageHeightPx = panel.heightPx * panel.magnification;
  const imageWidthPx = panel.widthPx * panel.magnification;
  drawText(bitmap, left, top, fitText(panel.title, TITLE_SCALE, panelWidthPx), TITLE_SCALE, ink);
  drawImage(bitmap, left, imageTop, panel);
  if (panel.outline) drawOutline(bitmap, left, imageTop, panel.outline, panel.magnification);
  drawColourBar(bitmap, left + imageWidthPx + BAR_GAP_PX, imageTop, imageHeightPx, panel);
  let below = imageTop + imageHeightPx + BELOW_GAP_PX;
  if (panel.scaleBar) {
    drawScaleBar(bitmap, left, below, panel.scaleBar, panel.magnification);
    below += LINE_HEIGHT_PX;
  }
  for (const line of panel.caption) {
    drawText(bitmap, left, below, fitText(line, 1, panelWidthPx), 1, faint);
    below += LINE_HEIGHT_PX;
  }
}

function drawImage(bitmap: Bitmap, left: number, top: number, panel: Panel): void {
  const [low, high] = panel.range;
  const span = high > low ? high - low : 1;
  for (let y = 0, i = 0; y < panel.heightPx; y++) {
    for (let x = 0; x < panel.widthPx; x++, i++) {
      const value = panel.values[i]!;
      const colour = Number.isFinite(value) ? colourAt(panel.map, (value - low) / span) : undefinedGrey;
      const size = panel.magnification;
      fillRectangle(bitmap, left + x * size, top + y * size, size, size, colour);
    }
  }
}

function drawColourBar(bitmap: Bitmap, left: number, top: number, heightPx: number, panel: Panel): void {
  for (let y = 0; y < heightPx; y++) {
    fillRectangle(bitmap, left, top + y, BAR_WIDTH_PX, 1, colourAt(panel.map, 1 - (y + 0.5) / heightPx));
  }
  strokeRectangle(bitmap, left, top, BAR_WIDTH_PX, heightPx, 1, ink);
  const [low, high] = panel.range;
  for (const { value, label } of panel.ticks) {
    const share = high > low ? (value - low) / (high - low) : 0;
    const y = top + Math.round((1 - share) * (heightPx - 1));
    fillRectangle(bitmap, left + BAR_WIDTH_PX, y, 3, 1, ink);
    const textTop = Math.min(top + heightPx - CAPITAL_DOTS, Math.max(top, y - 3));
    drawText(bitmap, left + BAR_WIDTH_PX + LABEL_GAP_PX, textTop, label, 1, ink);
  }
}

/** Dashes, light and dark in turn, so that they show on any ground. */
function drawOutline(bitmap: Bitmap, left: number, top: number, box: PixelBox, magnification: number): void {
  const x0 = left + box.left * magnification;
  const y0 = top + box.top * magnification;
  const widthPx = box.widthPx * magnification;
  const heightPx = box.heightPx * magnification;
  const dash = (i: number) => (Math.floor(i / 4) % 2 === 0 ? paper : ink);
  for (let x = 0; x < widthPx; x++) {
    fillRectangle(bitmap, x0 + x, y0, 1, 1, dash(x));
    fillRectangle(bitmap, x0 + x, y0 + heightPx - 1, 1, 1, dash(x));
  }
  for (let y = 0; y < heightPx; y++) {
    fillRectangle(bitmap, x0, y0 + y, 1, 1, dash(y));
    fillRectangle(bitmap, x0 + widthPx - 1, y0 + y, 1, 1, dash(y));
  }
}

/** Below the image, where it hides nothing. */
function drawScaleBar(bitmap: Bitmap, left: number, top: number, bar: ScaleBar, magnification: number): void {
  const lengthPx = Math.round(bar.lengthPx * magnification);
  fillRectangle(bitmap, left, top + 3, lengthPx, 2, ink);
  fillRectangle(bitmap, left, top, 1, CAPITAL_DOTS + 1, ink);
  fillRectangle(bitmap, left + lengthPx - 1, top, 1, CAPITAL_DOTS + 1, ink);
  drawText(bitmap, left + lengthPx + 6, top, bar.label, 1, ink);
}
