// Float64 Fourier transforms of any length, split by the smallest prime factor; the roots of unity come from tables.

/** Interleaved complex line: out[k] = sum in[y] exp(-sign 2 pi i k y / n), sign 1 forward, -1 inverse, no factor. */
export function transformLine(input: Float64Array, sign: 1 | -1): Float64Array {
  const output = new Float64Array(input.length);
  transformStrided(input, 0, 1, output, 0, input.length / 2, sign);
  return output;
}

/** 2-D transform of interleaved [height, width]. */
export function transformPlane(input: ArrayLike<number>, height: number, width: number, sign: 1 | -1): Float64Array {
  const rows = Float64Array.from(input);
  const columns = new Float64Array(rows.length);
  const output = new Float64Array(rows.length);
  const line = new Float64Array(2 * height);
  for (let y = 0; y < height; y++) transformStrided(rows, y * width, 1, columns, y * width, width, sign);
  for (let x = 0; x < width; x++) {
    transformStrided(columns, x, width, line, 0, height, sign);
    for (let y = 0; y < height; y++) {
      output[2 * (y * width + x)] = line[2 * y]!;
      output[2 * (y * width + x) + 1] = line[2 * y + 1]!;
    }
  }
  return output;
}

/** Transforms `length` numbers from `first` on, `stride` apart, into consecutive places from `target` on. */
function transformStrided(
  input: Float64Array,
  first: number,
  stride: number,
  output: Float64Array,
  target: number,
  length: number,
  sign: 1 | -1,
): void {
  if (length === 1) {
    output[2 * target] = input[2 * first]!;
    output[2 * target + 1] = input[2 * first + 1]!;
    return;
  }
  const prime = smallestPrime(length);
  const part = length / prime;
  for (let r = 0; r < prime; r++)
    transformStrided(input, first + r * stride, stride * prime, output, target + r * part, part, sign);
  const roots = rootsOfUnity(length);
  const parts = new Float64Array(2 * prime);
  for (let k = 0; k < part; k++) {
    for (let r = 0; r < prime; r++) {
      parts[2 * r] = output[2 * (target + r * part + k)]!;
      parts[2 * r + 1] = output[2 * (target + r * part + k) + 1]!;
    }
    for (let q = 0; q < prime; q++) {
      const frequency = k + q * part;
      let re = 0;
      let im = 0;
      for (let r = 0; r < prime; r++) {
        const place = (frequency * r) % length;
        const cosine = roots[2 * place]!;
        const sine = -sign * roots[2 * place + 1]!;
        re += parts[2 * r]! * cosine - parts[2 * r + 1]! * sine;
        im += parts[2 * r]! * sine + parts[2 * r + 1]! * cosine;
      }
      output[2 * (target + frequency)] = re;
      output[2 * (target + frequency) + 1] = im;
    }
  }
}

function smallestPrime(length: number): number {
  for (let prime = 2; prime * prime <= length; prime++) if (length % prime === 0) return prime;
  return length;
}

const tables = new Map<number, Float64Array>();

/** Table of cos and sin of 2 pi k / length. */
function rootsOfUnity(length: number): Float64Array {
  let table = tables.get(length);
  if (!table) {
    table = new Float64Array(2 * length);
    for (let k = 0; k < length; k++) {
      table[2 * k] = Math.cos((2 * Math.PI * k) / length);
      table[2 * k + 1] = Math.sin((2 * Math.PI * k) / length);
    }
    tables.set(length, table);
  }
  return table;
}
