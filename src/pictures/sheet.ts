// A sheet: heading lines and rows of blocks, as large as they need.

import { type Bitmap, type Colour, createBitmap, encodeBitmap } from "./bitmap.ts";
import { CAPITAL_DOTS, drawText, fitText } from "./font.ts";

/** Something of known size that can be drawn anywhere. */
export interface Block {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Draws with the top left corner at (left, top). */
  draw(bitmap: Bitmap, left: number, top: number): void;
}

export const paper: Colour = [255, 255, 255];
export const ink: Colour = [24, 24, 24];
export const faint: Colour = [104, 104, 104];

/** Size of titles, and what they take above the content of a block. */
export const TITLE_SCALE = 2;
export const TITLE_HEIGHT_PX = TITLE_SCALE * CAPITAL_DOTS + 9;

const MARGIN_PX = 16;
export const BLOCK_GAP_PX = 28;
const ROW_GAP_PX = 14;
const HEADING_HEIGHT_PX = TITLE_SCALE * CAPITAL_DOTS + 8;

/** PNG of `heading` lines above rows of blocks. */
export function renderSheet(heading: readonly string[], rows: readonly (readonly Block[])[]): Uint8Array {
  const widthPx = Math.max(...rows.map(measureRow)) + 2 * MARGIN_PX;
  const headingPx = heading.length > 0 ? heading.length * HEADING_HEIGHT_PX + 10 : 0;
  const rowHeights = rows.map((row) => Math.max(...row.map((block) => block.heightPx)));
  const gapsPx = (rows.length - 1) * ROW_GAP_PX;
  const heightPx = headingPx + rowHeights.reduce((sum, height) => sum + height, 0) + gapsPx + 2 * MARGIN_PX;
  const bitmap = createBitmap(widthPx, heightPx, paper);
  heading.forEach((line, index) => {
    const text = fitText(line, TITLE_SCALE, widthPx - 2 * MARGIN_PX);
    drawText(bitmap, MARGIN_PX, MARGIN_PX + index * HEADING_HEIGHT_PX, text, TITLE_SCALE, ink);
  });
  let top = MARGIN_PX + headingPx;
  rows.forEach((row, index) => {
    let left = MARGIN_PX;
    for (const block of row) {
      block.draw(bitmap, left, top);
      left += block.widthPx + BLOCK_GAP_PX;
    }
    top += rowHeights[index]! + ROW_GAP_PX;
  });
  return encodeBitmap(bitmap);
}

/** Cuts blocks into rows that are no wider than `widthPx`, keeping groups of `groupSize` together. */
export function breakRows(blocks: readonly Block[], groupSize: number, widthPx: number): Block[][] {
  const rows: Block[][] = [];
  for (let start = 0; start < blocks.length; start += groupSize) {
    const group = blocks.slice(start, start + groupSize);
    const last = rows.at(-1);
    if (last && measureRow([...last, ...group]) <= widthPx) last.push(...group);
    else rows.push(group);
  }
  return rows;
}

/** Width of blocks side by side. */
export function measureRow(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { widthPx }) => sum + widthPx, 0) + (blocks.length - 1) * BLOCK_GAP_PX;
}
