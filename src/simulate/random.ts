// Random numbers of simulations: the engine's PCG32 in streams of their own, with uniform and Poisson draws. Integer
// arithmetic in 32 bits and src/simulate/elementary.ts only: same seed, same bytes.

import type { Generator } from "../schedule/random.ts";
import { exponential, naturalLogarithm } from "./elementary.ts";

/** Purposes of random streams (see `createGenerator`), apart from those of the schedule. Never renumber. */
export const simulationPurpose = { object: 100, positions: 101, photons: 102 } as const;

/** Uniform in [0, 1) with 53 bits: Poisson tails need more than the 32 of one draw. */
export function drawUniform(generator: Generator): number {
  const high = generator.nextUint32() >>> 5;
  const low = generator.nextUint32() >>> 6;
  return (high * 67108864 + low) / 9007199254740992;
}

/** Poisson with the given mean (>= 0): inversion below 10, else Hörmann's PTRS (Insurance: Math. and Econ. 12, 1993). */
export function drawPoisson(generator: Generator, mean: number): number {
  return mean < 10 ? drawPoissonByInversion(generator, mean) : drawPoissonByRejection(generator, mean);
}

function drawPoissonByInversion(generator: Generator, mean: number): number {
  let uniform = drawUniform(generator);
  let probability = exponential(-mean);
  let count = 0;
  while (uniform >= probability && probability > 0) {
    uniform -= probability;
    count++;
    probability *= mean / count;
  }
  return count;
}

function drawPoissonByRejection(generator: Generator, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  const logMean = naturalLogarithm(mean);
  for (;;) {
    const u = drawUniform(generator) - 0.5;
    const v = 1 - drawUniform(generator);
    const distance = 0.5 - Math.abs(u);
    const count = Math.floor(((2 * a) / distance + b) * u + mean + 0.43);
    if (distance >= 0.07 && v <= squeeze) return count;
    if (count < 0 || distance === 0 || (distance < 0.013 && v > distance)) continue;
    const left = naturalLogarithm((v * inverseAlpha) / (a / (distance * distance) + b));
    if (left <= count * logMean - mean - logFactorial(count)) return count;
  }
}

/** ln n! : products below 16, Stirling's series above. */
function logFactorial(n: number): number {
  if (n < 16) {
    let product = 1;
    for (let factor = 2; factor <= n; factor++) product *= factor;
    return naturalLogarithm(product);
  }
  const x = n + 1;
  const square = x * x;
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / x;
  return (x - 0.5) * naturalLogarithm(x) - x + 0.5 * naturalLogarithm(2 * Math.PI) + series;
}
