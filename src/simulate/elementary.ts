// sin, cos, exp and log from IEEE additions, multiplications and divisions alone.
// Math.sin and friends may differ in the last bit between engines; a simulated scan must not.

const TWO_PI = 2 * Math.PI;
/** ln 2 in two parts, the first with 21 trailing zero bits, so that k * LN2_HIGH is exact for |k| < 2048. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** [cos, sin] of an angle given in turns; exact reduction, error about 1 unit in the last place. */
export function cosSinOfTurns(turns: number): [number, number] {
  const reduced = turns - Math.round(turns);
  const quarter = Math.round(4 * reduced);
  const angle = (reduced - quarter / 4) * TWO_PI;
  const square = angle * angle;
  let sine = 0;
  let cosine = 0;
  // Taylor to order 19 on |angle| <= pi/4, summed from the smallest term.
  for (let order = 18; order >= 2; order -= 2) {
    cosine = (-square / (order * (order - 1))) * (1 + cosine);
    sine = (-square / (order * (order + 1))) * (1 + sine);
  }
  const c = 1 + cosine;
  const s = angle * (1 + sine);
  switch (quarter & 3) {
    case 0:
      return [c, s];
    case 1:
      return [-s, c];
    case 2:
      return [-c, -s];
    default:
      return [s, -c];
  }
}

/** e^x; 0 below -708, Infinity above 709. */
export function exponential(x: number): number {
  if (x < -708) return 0;
  if (x > 709) return Number.POSITIVE_INFINITY;
  const power = Math.round(x / Math.LN2);
  const rest = x - power * LN2_HIGH - power * LN2_LOW;
  let sum = 0;
  for (let order = 15; order >= 1; order--) sum = (rest / order) * (1 + sum);
  let scale = 1;
  let factor = power < 0 ? 0.5 : 2;
  for (let left = Math.abs(power); left > 0; left >>= 1) {
    if (left & 1) scale *= factor;
    factor *= factor;
  }
  return (1 + sum) * scale;
}

/** Natural logarithm of a positive finite number. */
export function naturalLogarithm(x: number): number {
  let mantissa = x;
  let power = 0;
  for (; mantissa >= 65536; power += 16) mantissa /= 65536;
  for (; mantissa > Math.SQRT2; power++) mantissa /= 2;
  for (; mantissa < 1 / 65536; power -= 16) mantissa *= 65536;
  for (; mantissa < Math.SQRT1_2; power--) mantissa *= 2;
  // ln m = 2 atanh((m - 1) / (m + 1)), |argument| < 0.172
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  let sum = 0;
  for (let odd = 25; odd >= 3; odd -= 2) sum = square * (1 / odd + sum);
  return power * LN2_HIGH + (power * LN2_LOW + 2 * ratio * (1 + sum));
}
