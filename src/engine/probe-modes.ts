// The probe that a run starts from: as many incoherent modes as asked for, the added ones orthogonal and weaker.

import { type ComplexArray, complexZeros } from "../complex.ts";
import type { DatasetNote } from "../data/dataset.ts";
import { OptionsError } from "../errors.ts";

/**
 * Probe [1, mode, y, x] with `modeCount` modes from the file's [mode, y, x]. Fewer: the first ones. More: products of the
 * first mode with powers of x and y times a Gaussian of its own width, made orthogonal (as pty-chi's
 * orthogonalize_initial_probe builds them). Mode k of the added ones gets `energyShare / k` of the total energy: unequal
 * shares, because modes of equal energy have no defined order. The total energy stays. Throws OptionsError when the
 * added modes would hold more than half of it.
 */
export function makeInitialProbe(
  probe: ComplexArray,
  modeCount: number | null,
  energyShare: number,
): { probe: ComplexArray; notes: DatasetNote[] } {
  const [found, height, width] = probe.shape as [number, number, number];
  const wanted = modeCount ?? found;
  const frame = 2 * height * width;
  const result = complexZeros([1, wanted, height, width]);
  result.data.set(probe.data.subarray(0, Math.min(found, wanted) * frame));
  if (wanted < found) {
    const message = `the file has ${found} probe modes; the first ${wanted} are used`;
    return { probe: result, notes: [{ level: "info", code: "PROBE_MODES", message }] };
  }
  if (wanted === found) return { probe: result, notes: [] };

  checkShares(wanted - found, energyShare);
  const modes: Float64Array[] = Array.from({ length: found }, (_, mode) =>
    Float64Array.from(probe.data.subarray(mode * frame, (mode + 1) * frame)),
  );
  const total = modes.reduce((sum, mode) => sum + energyOf(mode), 0);
  const orders = polynomialOrders(wanted);
  for (let added = 1; modes.length < wanted; added++) {
    const mode = shapeMode(modes[0]!, height, width, orders[modes.length] ?? [modes.length, 0]);
    for (const earlier of modes) removeComponent(mode, earlier);
    scaleTo(mode, (energyShare / added) * total);
    modes.push(mode);
  }
  // what the added modes hold is taken from the file's modes in proportion
  const addedEnergy = modes.slice(found).reduce((sum, mode) => sum + energyOf(mode), 0);
  const factor = total > 0 ? Math.sqrt((total - addedEnergy) / total) : 1;
  for (const [mode, values] of modes.entries()) {
    for (let index = 0; index < frame; index++)
      result.data[mode * frame + index] = values[index]! * (mode < found ? factor : 1);
  }
  const message = `${wanted - found} probe modes were added to the file's ${found}`;
  return { probe: result, notes: [{ level: "info", code: "PROBE_MODES", message }] };
}

function checkShares(added: number, energyShare: number): void {
  let harmonic = 0;
  for (let k = 1; k <= added; k++) harmonic += 1 / k;
  if (energyShare * harmonic <= 0.5) return;
  throw new OptionsError("OPTIONS_CONFLICT", "the added probe modes would hold more than half of the energy", {
    field: "probe.extraModeEnergy",
    expected: `at most ${(0.5 / harmonic).toFixed(4)} for ${added} added modes`,
    got: String(energyShare),
  });
}

/** (y, x) powers by mode, x fastest. */
function polynomialOrders(modeCount: number): [number, number][] {
  const across = Math.ceil(Math.sqrt(modeCount));
  return Array.from({ length: modeCount }, (_, mode) => [Math.floor(mode / across), mode % across]);
}

function shapeMode(
  first: Float64Array,
  height: number,
  width: number,
  [orderY, orderX]: [number, number],
): Float64Array {
  let weight = 0;
  const mean = [0, 0];
  const square = [0, 0];
  const forEach = (visit: (y: number, x: number, index: number) => void) => {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) visit(y, x, 2 * (y * width + x));
  };
  forEach((y, x, index) => {
    const intensity = first[index]! ** 2 + first[index + 1]! ** 2;
    weight += intensity;
    mean[0]! += intensity * y;
    mean[1]! += intensity * x;
    square[0]! += intensity * y * y;
    square[1]! += intensity * x * x;
  });
  if (weight === 0) return first.slice();
  const [centreY, centreX] = [mean[0]! / weight, mean[1]! / weight];
  const varianceY = Math.max(1e-6, square[0]! / weight - centreY ** 2);
  const varianceX = Math.max(1e-6, square[1]! / weight - centreX ** 2);
  const mode = new Float64Array(first.length);
  forEach((y, x, index) => {
    const dy = y - centreY;
    const dx = x - centreX;
    const envelope = Math.exp(-(dx * dx) / (2 * varianceX) - (dy * dy) / (2 * varianceY));
    const factor = dy ** orderY * dx ** orderX * envelope;
    mode[index] = factor * first[index]!;
    mode[index + 1] = factor * first[index + 1]!;
  });
  return mode;
}

function energyOf(mode: Float64Array): number {
  return mode.reduce((sum, value) => sum + value * value, 0);
}

function removeComponent(mode: Float64Array, earlier: Float64Array): void {
  const energy = energyOf(earlier);
  if (energy === 0) return;
  let re = 0;
  let im = 0;
  for (let index = 0; index < mode.length; index += 2) {
    re += mode[index]! * earlier[index]! + mode[index + 1]! * earlier[index + 1]!;
    im += mode[index + 1]! * earlier[index]! - mode[index]! * earlier[index + 1]!;
  }
  for (let index = 0; index < mode.length; index += 2) {
    const [a, b] = [earlier[index]!, earlier[index + 1]!];
    mode[index]! -= (re * a - im * b) / energy;
    mode[index + 1]! -= (re * b + im * a) / energy;
  }
}

function scaleTo(mode: Float64Array, energy: number): void {
  const found = energyOf(mode);
  const factor = found > 0 ? Math.sqrt(energy / found) : 0;
  for (let index = 0; index < mode.length; index++) mode[index]! *= factor;
}
