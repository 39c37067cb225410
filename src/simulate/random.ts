// Seeded random numbers for simulations: xoshiro128** (Blackman and Vigna 2018) in named streams, with uniform,
// normal and Poisson draws. Integer arithmetic in 32 bits and src/simulate/elementary.ts only: same seed, same bytes.

import { cosSinOfTurns, exponential, naturalLogarithm } from "./elementary.ts";

/** A stream of uniform 32-bit integers. */
export interface RandomStream {
  nextUint32(): number;
}

/**
 * The stream of a seed (0 ... 2^32 - 1), a purpose and a running number. Streams of different names or numbers do not
 * depend on how much another one has drawn.
 */
export function createRandomStream(seed: number, purpose: string, index = 0): RandomStream {
  let key = 0x811c9dc5; // FNV-1a over the purpose
  for (const character of purpose) key = Math.imul(key ^ character.codePointAt(0)!, 0x01000193);
  let counter = mix(mix(seed >>> 0) ^ key) ^ mix(index + 0x9e3779b9);
  const nextSeed = () => mix((counter = (counter + 0x9e3779b9) | 0));
  let [a, b, c, d] = [nextSeed(), nextSeed(), nextSeed(), nextSeed() | 1];
  return {
    nextUint32() {
      const scrambled = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
      const shifted = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = rotate(d, 11);
      return scrambled;
    },
  };
}

/** Uniform in [0, 1) with 53 bits. */
export function drawUniform(stream: RandomStream): number {
  const high = stream.nextUint32() >>> 5;
  const low = stream.nextUint32() >>> 6;
  return (high * 67108864 + low) / 9007199254740992;
}

/** Uniform integer in [0, count), without bias. */
export function drawInteger(stream: RandomStream, count: number): number {
  const limit = Math.floor(4294967296 / count) * count;
  for (;;) {
    const value = stream.nextUint32();
    if (value < limit) return value % count;
  }
}

/** Normal with mean 0 and variance 1 (Box-Muller, one of the pair). */
export function drawNormal(stream: RandomStream): number {
  const radius = Math.sqrt(-2 * naturalLogarithm(1 - drawUniform(stream)));
  return radius * cosSinOfTurns(drawUniform(stream))[0];
}

/** Poisson with the given mean (>= 0): inversion below 10, else Hörmann's PTRS (Insurance: Math. and Econ. 12, 1993). */
export function drawPoisson(stream: RandomStream, mean: number): number {
  return mean < 10 ? drawPoissonByInversion(stream, mean) : drawPoissonByRejection(stream, mean);
}

function drawPoissonByInversion(stream: RandomStream, mean: number): number {
  let uniform = drawUniform(stream);
  let probability = exponential(-mean);
  let count = 0;
  while (uniform >= probability && probability > 0) {
    uniform -= probability;
    count++;
    probability *= mean / count;
  }
  return count;
}

function drawPoissonByRejection(stream: RandomStream, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  const logMean = naturalLogarithm(mean);
  for (;;) {
    const u = drawUniform(stream) - 0.5;
    const v = 1 - drawUniform(stream);
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

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Finaliser of MurmurHash3: spreads every input bit over all 32. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
