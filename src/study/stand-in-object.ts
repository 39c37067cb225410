// What the stand-in object is made of: cells, stars, letters and bars in blocks, every row of blocks with as many of
// each, so that the halves of the object that train and test see are alike.

import { createGenerator, type Generator } from "../schedule/random.ts";
import {
  paintBars,
  paintCell,
  paintGlyphs,
  paintGround,
  paintStar,
  type Specimen,
  softenSpecimen,
} from "../simulate/object-features.ts";
import { drawUniform, simulationPurpose } from "../simulate/random.ts";

/** Side of a block; the finest bars and letters in it are 1 px wide. */
const blockPx = 58;
const spokes = 14;
const widestBarPeriodPx = 5;
const glyphDotsPx = [3, 2, 1.5, 1];

/** Thickness and absorption of a square specimen. */
export function paintStandIn(sidePx: number, seed: number): Specimen {
  const count = sidePx * sidePx;
  const specimen = {
    heightPx: sidePx,
    widthPx: sidePx,
    thickness: new Float64Array(count),
    absorption: new Float64Array(count),
  };
  const generator = createGenerator(seed, simulationPurpose.object);
  paintGround(specimen, 2 * blockPx, generator);
  const blocks = Math.ceil(sidePx / blockPx);
  for (let row = 0; row < blocks; row++) {
    for (let column = 0; column < blocks; column++) {
      paintBlock(specimen, row, column, generator);
    }
  }
  softenSpecimen(specimen);
  return specimen;
}

function paintBlock(specimen: Specimen, row: number, column: number, generator: Generator): void {
  const jitter = () => 6 * (drawUniform(generator) - 0.5);
  const top = row * blockPx + jitter();
  const left = column * blockPx + jitter();
  const middleY = top + blockPx / 2;
  const middleX = left + blockPx / 2;
  // Two columns further on in the next row: no kind stands above itself.
  switch ((column + 2 * row) % 4) {
    case 0:
      paintCell(specimen, middleY, middleX, 0.36 * blockPx, generator);
      break;
    case 1:
      paintStar(specimen, middleY, middleX, 0.4 * blockPx, spokes);
      break;
    case 2:
      paintCell(specimen, middleY - 0.2 * blockPx, middleX - 0.2 * blockPx, 0.19 * blockPx, generator);
      paintCell(specimen, middleY + 0.22 * blockPx, middleX + 0.2 * blockPx, 0.22 * blockPx, generator);
      paintBars(specimen, top + 0.64 * blockPx, left + 2, 3);
      paintBars(specimen, top + 4, left + 0.56 * blockPx, widestBarPeriodPx - 2);
      break;
    default:
      paintLines(specimen, top + 4, left + 4, generator);
      paintBars(specimen, top + 0.62 * blockPx, left + 4, widestBarPeriodPx);
  }
}

/** Lines of letters, smaller from line to line, over the upper part of a block. */
function paintLines(specimen: Specimen, top: number, left: number, generator: Generator): void {
  let y = top;
  for (const dotPx of glyphDotsPx) {
    if (y + 5 * dotPx > top + 0.56 * blockPx) break;
    paintGlyphs(specimen, y, left, dotPx, Math.floor((0.86 * blockPx) / (6.5 * dotPx)), generator);
    y += 6.5 * dotPx;
  }
}
