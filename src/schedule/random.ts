// Seeded random numbers, exactly specified: PCG32 (M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient
// Statistically Good Algorithms for Random Number Generation", 2014; XSH RR 64/32) in 32-bit integer arithmetic.
// Same seed, purpose and epoch give the same numbers on every machine (spec: batching.md section 5).

/** What a stream of random numbers is for; streams of different purposes are independent. Never renumber. */
export const streamPurpose = {
  randomOrder: 0,
  uniformMembership: 1,
  uniformOrder: 2,
  kMeans: 3,
  poissonStepNoise: 4,
  initialGuess: 5,
} as const;

/** A stream of random numbers. */
export interface Generator {
  /** Integer in [0, 2^32). */
  nextUint32(): number;
  /** Integer in [0, bound) without modulo bias; 1 <= bound <= 2^32. */
  nextBelow(bound: number): number;
  /** Float64 in [0, 1) on the grid of multiples of 2^-32. */
  nextUnit(): number;
}

// 6364136223846793005, PCG's default 64-bit multiplier.
const MULTIPLIER_HIGH = 0x5851f42d;
const MULTIPLIER_LOW = 0x4c957f2d;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers; every partial sum stays below 2^53. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/**
 * PCG32 as pcg32_srandom seeds it; each 64-bit number is given as [high, low] unsigned 32-bit words.
 * `createGenerator` is what the engine uses; this is the published generator, for tests against its known numbers.
 */
export function createPcg32(initialState: readonly [number, number], sequence: readonly [number, number]): Generator {
  const incrementHigh = ((sequence[0] << 1) | (sequence[1] >>> 31)) >>> 0;
  const incrementLow = ((sequence[1] << 1) | 1) >>> 0;
  let high = 0;
  let low = 0;

  const step = () => {
    const productHigh =
      (multiplyHigh(low, MULTIPLIER_LOW) + Math.imul(high, MULTIPLIER_LOW) + Math.imul(low, MULTIPLIER_HIGH)) >>> 0;
    const productLow = Math.imul(low, MULTIPLIER_LOW) >>> 0;
    low = (productLow + incrementLow) >>> 0;
    high = (productHigh + incrementHigh + (low < productLow ? 1 : 0)) >>> 0;
  };

  const nextUint32 = () => {
    // xorshifted = ((state >> 18) ^ state) >> 27, rotated right by state >> 59; state is the one before the step.
    const shiftedHigh = ((high >>> 18) ^ high) >>> 0;
    const shiftedLow = (((high << 14) | (low >>> 18)) ^ low) >>> 0;
    const value = ((shiftedHigh << 5) | (shiftedLow >>> 27)) >>> 0;
    const rotation = high >>> 27;
    step();
    return rotation === 0 ? value : ((value >>> rotation) | (value << (32 - rotation))) >>> 0;
  };

  step();
  const sum = low + initialState[1];
  low = sum >>> 0;
  high = (high + initialState[0] + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  step();

  return {
    nextUint32,
    nextBelow(bound) {
      if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
        throw new RangeError(`bound of a random integer: expected 1 to 2^32, got ${bound}`);
      }
      // Draws below 2^32 mod bound are thrown away: what remains is a whole number of rounds.
      const threshold = 2 ** 32 % bound;
      let draw = nextUint32();
      while (draw < threshold) draw = nextUint32();
      return draw % bound;
    },
    nextUnit: () => nextUint32() / 2 ** 32,
  };
}

/** Bijection of unsigned 32-bit integers with full avalanche (the finaliser of MurmurHash3). */
function mixUint32(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * Stream for one purpose and epoch, independent of what other epochs drew, so that a run can resume at any epoch.
 * `seed`, `purpose`, `epoch`: integers in [0, 2^32). Three Feistel rounds spread seed and epoch over the 64-bit state
 * (distinct pairs stay distinct); the purpose selects PCG's sequence.
 */
export function createGenerator(seed: number, purpose: number, epoch = 0): Generator {
  for (const [name, value] of Object.entries({ seed, purpose, epoch })) {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
      throw new RangeError(`random ${name}: expected an integer from 0 to 2^32 - 1, got ${value}`);
    }
  }
  let high = seed >>> 0;
  let low = epoch >>> 0;
  low = (low ^ mixUint32(high + 0x9e3779b9)) >>> 0;
  high = (high ^ mixUint32(low + 0x7f4a7c15)) >>> 0;
  low = (low ^ mixUint32(high + 0xf39cc060)) >>> 0;
  return createPcg32([high, low], [0, purpose]);
}

/** Uniform permutation of 0 ... count - 1: Fisher-Yates from the end, i = count - 1 ... 1 swapped with a draw in [0, i]. */
export function permuteIndices(count: number, generator: Generator): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let i = count - 1; i >= 1; i--) {
    const other = generator.nextBelow(i + 1);
    const kept = order[i]!;
    order[i] = order[other]!;
    order[other] = kept;
  }
  return order;
}
