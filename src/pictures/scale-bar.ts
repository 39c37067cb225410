// Round lengths for scale bars.

/** A length in image pixels and its name. */
export interface ScaleBar {
  readonly lengthPx: number;
  readonly label: string;
}

const UNITS = [
  [1e-3, "mm"],
  [1e-6, "µm"],
  [1e-9, "nm"],
  [1e-12, "pm"],
] as const;

/** The longest 1, 2 or 5 times a power of ten that fits a third of `widthPx`; in pixels when the size is unknown. */
export function chooseScaleBar(widthPx: number, pixelSizeM: number | null): ScaleBar | null {
  const longestPx = widthPx / 3;
  if (pixelSizeM === null) {
    const lengthPx = Math.floor(roundLength(longestPx));
    return lengthPx < 1 ? null : { lengthPx, label: `${lengthPx} px` };
  }
  const lengthM = roundLength(longestPx * pixelSizeM);
  const [unitM, unit] = UNITS.find(([size]) => lengthM >= size * (1 - 1e-9)) ?? UNITS[UNITS.length - 1]!;
  return { lengthPx: lengthM / pixelSizeM, label: `${Number((lengthM / unitM).toPrecision(1))} ${unit}` };
}

function roundLength(longest: number): number {
  const power = 10 ** Math.floor(Math.log10(longest) + 1e-12);
  const step = [5, 2, 1].find((factor) => factor * power <= longest * (1 + 1e-12)) ?? 1;
  return step * power;
}
