// Things that a procedural object is made of: each paints projected thickness and absorption with edges one pixel wide.

import type { Generator } from "../schedule/random.ts";
import { cosSinOfTurns, exponential } from "./elementary.ts";
import { drawUniform } from "./random.ts";

/** Thickness and absorption of a thin specimen, both about 0 ... 1, C order [y, x]. */
export interface Specimen {
  readonly heightPx: number;
  readonly widthPx: number;
  readonly thickness: Float64Array;
  readonly absorption: Float64Array;
}

/** How a feature changes the pixels that it covers. */
interface Material {
  readonly thickness: number;
  readonly absorption: number;
}

/** A slow, smooth variation over the whole specimen. */
export function paintGround(specimen: Specimen, periodPx: number, generator: Generator): void {
  const waves = Array.from({ length: 7 }, (_, i) => {
    const [cosine, sine] = cosSinOfTurns(drawUniform(generator));
    const frequency = (0.5 + 0.5 * i) / periodPx;
    return {
      fy: sine * frequency,
      fx: cosine * frequency,
      phase: drawUniform(generator),
      height: 0.05 / (1 + 0.4 * i),
    };
  });
  paintEverywhere(specimen, (y, x) => {
    let sum = 0.14;
    for (const { fy, fx, phase, height } of waves) sum += height * cosSinOfTurns(fy * y + fx * x + phase)[0];
    return { thickness: sum, absorption: 0.5 * sum };
  });
}

/** A cell: dome, membrane, nucleus and granules; `radiusPx` is its mean radius. */
export function paintCell(specimen: Specimen, y0: number, x0: number, radiusPx: number, generator: Generator): void {
  const [cosine, sine] = cosSinOfTurns(drawUniform(generator));
  const stretch = 1 + 0.35 * drawUniform(generator);
  const lobes = [0.12 * (drawUniform(generator) - 0.5), 0.16 * (drawUniform(generator) - 0.5)];
  /** Distance from the centre in units of the outline. */
  const relativeRadius = (dy: number, dx: number) => {
    const v = (cosine * dy - sine * dx) * stretch;
    const u = (sine * dy + cosine * dx) / stretch;
    const r = Math.sqrt(u * u + v * v) || 1e-9;
    const c = u / r;
    // cos 2t and cos 3t of the polar angle t make the outline irregular.
    return r / (radiusPx * (1 + lobes[0]! * (2 * c * c - 1) + lobes[1]! * (4 * c * c * c - 3 * c)));
  };
  paintBox(specimen, y0, x0, 1.8 * radiusPx, (dy, dx) => {
    const rho = relativeRadius(dy, dx);
    const edgePx = (rho - 1) * radiusPx;
    const inside = cover(edgePx);
    const membrane = exponential((-edgePx * edgePx) / (2 * 1.1 * 1.1));
    const dome = Math.max(0, 1 - rho * rho);
    return {
      thickness: 0.1 * inside + 0.16 * dome + 0.22 * membrane,
      absorption: 0.08 * inside + 0.12 * membrane,
    };
  });
  const nucleusPx = radiusPx * (0.26 + 0.12 * drawUniform(generator));
  const [nucleusCosine, nucleusSine] = cosSinOfTurns(drawUniform(generator));
  const offsetPx = 0.28 * radiusPx * drawUniform(generator);
  paintDisc(specimen, y0 + offsetPx * nucleusSine, x0 + offsetPx * nucleusCosine, nucleusPx, {
    thickness: 0.26,
    absorption: 0.42,
  });
  const granules = Math.round(radiusPx * 1.3);
  for (let i = 0; i < granules; i++) {
    const [c, s] = cosSinOfTurns(drawUniform(generator));
    const distance = radiusPx * 0.82 * Math.sqrt(drawUniform(generator));
    const sizePx = 0.8 + 1.3 * drawUniform(generator) * drawUniform(generator);
    paintDisc(specimen, y0 + distance * s, x0 + distance * c, sizePx, { thickness: 0.2, absorption: 0.22 });
  }
}

/** A Siemens star of `spokes` spokes with two rings cut out. */
export function paintStar(specimen: Specimen, y0: number, x0: number, radiusPx: number, spokes: number): void {
  clearDisc(specimen, y0, x0, radiusPx + 2.5);
  paintBox(specimen, y0, x0, radiusPx + 1, (dy, dx) => {
    const r = Math.sqrt(dy * dy + dx * dx) || 1e-9;
    let [re, im] = [1, 0]; // (cos t + i sin t)^spokes
    for (let i = 0; i < spokes; i++) [re, im] = [(re * dx - im * dy) / r, (re * dy + im * dx) / r];
    const spoke = clamp(0.5 + (im * r) / spokes);
    const rings = cover(1.2 - Math.abs(r - 0.36 * radiusPx)) * cover(1.2 - Math.abs(r - 0.68 * radiusPx));
    const covered = spoke * rings * cover(r - radiusPx);
    return { thickness: 0.72 * covered, absorption: 0.75 * covered };
  });
}

/** Groups of three bars, upright and lying, with periods from `periodPx` down to 2 px. */
export function paintBars(specimen: Specimen, y0: number, x0: number, periodPx: number): void {
  let x = x0;
  for (let period = periodPx; period >= 2; period--) {
    const lengthPx = 2.5 * period;
    for (let bar = 0; bar < 3; bar++) {
      const material = { thickness: 0.6, absorption: 0.1 };
      paintRectangle(specimen, y0, x + bar * period, lengthPx, period / 2, material);
      paintRectangle(specimen, y0 + lengthPx + period + bar * period, x, period / 2, lengthPx, material);
    }
    x += lengthPx + period;
  }
}

/** A line of `count` made-up letters, 5 x 5 dots of `dotPx` pixels, symmetric as many scripts are. */
export function paintGlyphs(
  specimen: Specimen,
  y0: number,
  x0: number,
  dotPx: number,
  count: number,
  generator: Generator,
): void {
  for (let glyph = 0; glyph < count; glyph++) {
    for (let row = 0; row < 5; row++) {
      const bits = 1 + generator.nextBelow(7);
      for (let column = 0; column < 5; column++) {
        if (((bits >> Math.min(column, 4 - column)) & 1) === 0) continue;
        const x = x0 + (6.5 * glyph + column) * dotPx;
        paintRectangle(specimen, y0 + row * dotPx, x, dotPx, dotPx, { thickness: 0.55, absorption: 0.7 });
      }
    }
  }
}

/** Blurs with the binomial-like kernel 1 6 1 along both axes (rms 0.5 px): nothing finer than the pixels remains. */
export function softenSpecimen(specimen: Specimen): void {
  for (const map of [specimen.thickness, specimen.absorption]) {
    softenAxis(map, specimen.heightPx, specimen.widthPx, specimen.widthPx, 1);
    softenAxis(map, specimen.widthPx, specimen.heightPx, 1, specimen.widthPx);
  }
}

function softenAxis(map: Float64Array, length: number, lines: number, step: number, lineStep: number): void {
  for (let line = 0; line < lines; line++) {
    let index = line * lineStep;
    let before = map[index]!;
    for (let i = 0; i < length; i++, index += step) {
      const here = map[index]!;
      const after = i + 1 < length ? map[index + step]! : here;
      map[index] = (before + 6 * here + after) / 8;
      before = here;
    }
  }
}

function paintDisc(specimen: Specimen, y0: number, x0: number, radiusPx: number, material: Material): void {
  paintBox(specimen, y0, x0, radiusPx + 1, (dy, dx) =>
    scaleMaterial(material, cover(Math.sqrt(dy * dy + dx * dx) - radiusPx)),
  );
}

/** A bar whose first pixel edge lies at (y0, x0). */
function paintRectangle(
  specimen: Specimen,
  y0: number,
  x0: number,
  heightPx: number,
  widthPx: number,
  material: Material,
): void {
  const overlap = (from: number, to: number, pixel: number) => clamp(Math.min(to, pixel + 1) - Math.max(from, pixel));
  const centreY = y0 + heightPx / 2;
  const centreX = x0 + widthPx / 2;
  paintBox(specimen, centreY, centreX, Math.max(heightPx, widthPx) / 2 + 1, (dy, dx) =>
    scaleMaterial(material, overlap(y0, y0 + heightPx, dy + centreY) * overlap(x0, x0 + widthPx, dx + centreX)),
  );
}

/** Thins everything inside the disc, so that the feature on top stands on quiet ground. */
function clearDisc(specimen: Specimen, y0: number, x0: number, radiusPx: number): void {
  paintBox(specimen, y0, x0, radiusPx + 1, (dy, dx, index) => {
    const covered = cover(Math.sqrt(dy * dy + dx * dx) - radiusPx);
    return {
      thickness: covered * (0.1 - specimen.thickness[index]!),
      absorption: covered * (0.05 - specimen.absorption[index]!),
    };
  });
}

function paintEverywhere(specimen: Specimen, materialAt: (y: number, x: number) => Material): void {
  for (let y = 0, i = 0; y < specimen.heightPx; y++) {
    for (let x = 0; x < specimen.widthPx; x++, i++) {
      const { thickness, absorption } = materialAt(y, x);
      specimen.thickness[i]! += thickness;
      specimen.absorption[i]! += absorption;
    }
  }
}

function paintBox(
  specimen: Specimen,
  y0: number,
  x0: number,
  reachPx: number,
  materialAt: (dy: number, dx: number, index: number) => Material,
): void {
  const lastY = Math.min(specimen.heightPx - 1, Math.ceil(y0 + reachPx));
  const lastX = Math.min(specimen.widthPx - 1, Math.ceil(x0 + reachPx));
  for (let y = Math.max(0, Math.floor(y0 - reachPx)); y <= lastY; y++) {
    for (let x = Math.max(0, Math.floor(x0 - reachPx)); x <= lastX; x++) {
      const index = y * specimen.widthPx + x;
      const { thickness, absorption } = materialAt(y - y0, x - x0, index);
      specimen.thickness[index]! += thickness;
      specimen.absorption[index]! += absorption;
    }
  }
}

function scaleMaterial({ thickness, absorption }: Material, factor: number): Material {
  return { thickness: factor * thickness, absorption: factor * absorption };
}

/** Share of a pixel inside an edge that is `distancePx` away (negative = inside). */
function cover(distancePx: number): number {
  return clamp(0.5 - distancePx);
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
