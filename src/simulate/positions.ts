// Scan patterns: positions in pixels of the object frame, (y, x), around a centre.

import type { Generator } from "../schedule/random.ts";
import { cosSinOfTurns } from "./elementary.ts";
import type { SimulateOptions } from "./options.ts";
import { drawUniform } from "./random.ts";

/** Turns between successive points of a Fermat spiral: 1 - 1/golden ratio. */
const GOLDEN_TURNS = (3 - Math.sqrt(5)) / 2;

/** Height and width (y, x) of the scanned field without jitter, and the step that fills it. */
export function planField(scan: SimulateOptions["scan"]): { fieldPx: [number, number]; stepPx: number } {
  if (scan.fieldPx === null) {
    const side = scan.stepPx * Math.max(0, Math.sqrt(scan.positions) - 1);
    return { fieldPx: [side, side], stepPx: scan.stepPx };
  }
  const [height, width] = scan.fieldPx;
  const { rows, columns } = planGrid(scan.positions, height, width);
  return {
    fieldPx: [height, width],
    stepPx: Math.max(height / Math.max(rows - 1, 1), width / Math.max(columns - 1, 1)),
  };
}

/**
 * Positions [position, 2] (y, x) of a scan around `centrePx`, jitter included; at most field / 2 + jitter * step away
 * from the centre per axis.
 */
export function createPositions(
  scan: SimulateOptions["scan"],
  centrePx: readonly [number, number],
  generator: Generator,
): Float64Array {
  const { fieldPx, stepPx } = planField(scan);
  const unit = unitPattern(scan, fieldPx, generator); // within [-0.5, 0.5]
  const positions = new Float64Array(2 * scan.positions);
  const jitterPx = scan.pattern === "uniform" ? 0 : scan.jitter * stepPx;
  for (let i = 0; i < positions.length; i++) {
    const axis = i & 1;
    const displacement = jitterPx === 0 ? 0 : jitterPx * (2 * drawUniform(generator) - 1);
    positions[i] = centrePx[axis]! + fieldPx[axis]! * unit[i]! + displacement;
  }
  return positions;
}

function unitPattern(scan: SimulateOptions["scan"], fieldPx: [number, number], generator: Generator): Float64Array {
  switch (scan.pattern) {
    case "raster":
      return unitRaster(scan.positions, fieldPx);
    case "fermat":
      return unitFermat(scan.positions);
    case "concentric":
      return unitRings(scan.positions);
    case "uniform":
      return Float64Array.from({ length: 2 * scan.positions }, () => drawUniform(generator) - 0.5);
    default:
      return scan.pattern satisfies never;
  }
}

/** Rows and columns of nearly square cells that hold at least `count` points. */
function planGrid(count: number, height: number, width: number): { rows: number; columns: number } {
  const aspect = height > 0 && width > 0 ? width / height : 1;
  const columns = Math.max(1, Math.ceil(Math.sqrt(count * aspect) - 1e-9));
  return { rows: Math.ceil(count / columns), columns };
}

function unitRaster(count: number, [height, width]: [number, number]): Float64Array {
  const { rows, columns } = planGrid(count, height, width);
  const unit = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    unit[2 * i] = rows > 1 ? Math.floor(i / columns) / (rows - 1) - 0.5 : 0;
    unit[2 * i + 1] = columns > 1 ? (i % columns) / (columns - 1) - 0.5 : 0;
  }
  return unit;
}

function unitFermat(count: number): Float64Array {
  const unit = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const radius = 0.5 * Math.sqrt(i / Math.max(count - 1, 1));
    const [cosine, sine] = cosSinOfTurns(i * GOLDEN_TURNS);
    unit[2 * i] = radius * sine;
    unit[2 * i + 1] = radius * cosine;
  }
  return unit;
}

/** A centre point, then rings of 6, 12, 18, ... points: equal density. The last ring takes what is left. */
function unitRings(count: number): Float64Array {
  const unit = new Float64Array(2 * count);
  const rings = Math.ceil((Math.sqrt(12 * count - 3) - 3) / 6 - 1e-9);
  for (let ring = 1, i = 1; ring <= rings; ring++) {
    const points = Math.min(6 * ring, count - i);
    for (let k = 0; k < points; k++, i++) {
      const [cosine, sine] = cosSinOfTurns(k / points);
      unit[2 * i] = ((0.5 * ring) / rings) * sine;
      unit[2 * i + 1] = ((0.5 * ring) / rings) * cosine;
    }
  }
  return unit;
}
