// Lines of small text as a block of a sheet.

import { CAPITAL_DOTS, drawText, fitText } from "./font.ts";
import { type Block, faint, ink, TITLE_HEIGHT_PX, TITLE_SCALE } from "./sheet.ts";

const LINE_PX = 2 * CAPITAL_DOTS + 8;
const NOTE_PX = CAPITAL_DOTS + 6;

/** A title and lines below it, cut to `widthPx`; small `notes` follow in grey. */
export function createTextBlock(
  title: string,
  lines: readonly string[],
  notes: readonly string[],
  widthPx: number,
): Block {
  return {
    widthPx,
    heightPx: TITLE_HEIGHT_PX + lines.length * LINE_PX + (notes.length + 1) * NOTE_PX,
    draw(bitmap, left, top) {
      drawText(bitmap, left, top, fitText(title, TITLE_SCALE, widthPx), TITLE_SCALE, ink);
      lines.forEach((line, index) => {
        const y = top + TITLE_HEIGHT_PX + index * LINE_PX;
        drawText(bitmap, left, y, fitText(line, TITLE_SCALE, widthPx), TITLE_SCALE, ink);
      });
      notes.forEach((line, index) => {
        const y = top + TITLE_HEIGHT_PX + lines.length * LINE_PX + index * NOTE_PX + 6;
        drawText(bitmap, left, y, fitText(line, 1, widthPx), 1, faint);
      });
    },
  };
}
