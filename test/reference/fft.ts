// Float64 Fourier transforms by the definition, split by the smallest prime factor; plain and slow.

/** Interleaved complex line of any length: out[k] = sum in[y] exp(-sign 2 pi i k y / n), sign 1 forward, -1 inverse, no factor. */
export function transformLine(input: Float64Array, sign: 1 | -1): Float64Array {
  const length = input.length / 2;
  const prime = smallestPrime(length);
  const output = new Float64Array(2 * length);
  if (prime === length) {
    for (let k = 0; k < length; k++) {
      for (let y = 0; y < length; y++)
        addRotated(output, k, input[2 * y]!, input[2 * y + 1]!, sign * ((k * y) % length), length);
    }
    return output;
  }
  const part = length / prime;
  for (let r = 0; r < prime; r++) {
    const every = new Float64Array(2 * part);
    for (let y = 0; y < part; y++) {
      every[2 * y] = input[2 * (prime * y + r)]!;
      every[2 * y + 1] = input[2 * (prime * y + r) + 1]!;
    }
    const transformed = transformLine(every, sign);
    for (let k = 0; k < length; k++) {
      const from = k % part;
      addRotated(output, k, transformed[2 * from]!, transformed[2 * from + 1]!, sign * ((k * r) % length), length);
    }
  }
  return output;
}

/** 2-D transform of interleaved [height, width]. */
export function transformPlane(input: ArrayLike<number>, height: number, width: number, sign: 1 | -1): Float64Array {
  const output = Float64Array.from(input);
  for (let y = 0; y < height; y++) {
    output.set(transformLine(output.slice(2 * y * width, 2 * (y + 1) * width), sign), 2 * y * width);
  }
  const column = new Float64Array(2 * height);
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      column[2 * y] = output[2 * (y * width + x)]!;
      column[2 * y + 1] = output[2 * (y * width + x) + 1]!;
    }
    const transformed = transformLine(column, sign);
    for (let y = 0; y < height; y++) {
      output[2 * (y * width + x)] = transformed[2 * y]!;
      output[2 * (y * width + x) + 1] = transformed[2 * y + 1]!;
    }
  }
  return output;
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

function addRotated(output: Float64Array, k: number, re: number, im: number, turns: number, length: number): void {
  const table = rootsOfUnity(length);
  const place = ((turns % length) + length) % length;
  const cosine = table[2 * place]!;
  const sine = -table[2 * place + 1]!;
  output[2 * k]! += re * cosine - im * sine;
  output[2 * k + 1]! += re * sine + im * cosine;
}
