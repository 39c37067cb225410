// Colour maps: grey for amplitudes, a cyclic one for phases, a diverging one for differences. The coloured ones are
// curves in OKLab (B. Ottosson 2020) walked at constant speed: equal steps of the value look equally large.

import type { Colour } from "./bitmap.ts";

/** Colours [entry, 3], as bytes. */
export interface ColourMap {
  readonly entries: number;
  readonly data: Uint8Array;
}

/** Entry of a map for a share 0 ... 1 of its range; shares outside take the ends. */
export function colourAt(map: ColourMap, share: number): Colour {
  const index = 3 * Math.min(map.entries - 1, Math.max(0, Math.floor(share * map.entries)));
  return [map.data[index]!, map.data[index + 1]!, map.data[index + 2]!];
}

/** Black to white. */
export const greyMap: ColourMap = {
  entries: 256,
  data: Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)),
};

/**
 * Phase from -pi to pi, the end meeting the start: green, dark blue at -pi/2, red at 0, light yellow at pi/2, green.
 * Lightness rises all the way from -pi/2 to pi/2, so that a weak phase object reads like a photograph.
 */
export const cyclicMap: ColourMap = sampleCurve(512, true, (turn) => {
  const angle = 2 * Math.PI * (turn - 0.5);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return [0.51 + 0.28 * sine, 0.04 + 0.115 * cosine, 0.03 + 0.12 * sine];
});

/** The half of the cyclic map from dark blue over red to light yellow, for phases that span less than half a turn. */
export const risingMap: ColourMap = { entries: 256, data: cyclicMap.data.slice(3 * 128, 3 * 384) };

/** Negative blue, zero near white, positive red; both sides equally long. */
export const divergingMap: ColourMap = sampleCurve(511, false, (share) => {
  const depth = Math.abs(2 * share - 1);
  const hue = ((share < 0.5 ? 264 : 30) * Math.PI) / 180;
  return [0.97 - 0.52 * depth, 0.16 * depth * Math.cos(hue), 0.16 * depth * Math.sin(hue)];
});

type OkLab = readonly [lightness: number, a: number, b: number];

/** Samples a curve (parameter 0 ... 1) at equal distances along it; a closed one leaves its end to its start. */
function sampleCurve(entries: number, closed: boolean, curve: (parameter: number) => OkLab): ColourMap {
  const steps = 8192;
  const lengths = new Float64Array(steps + 1);
  let before = curve(0);
  for (let i = 1; i <= steps; i++) {
    const here = curve(i / steps);
    lengths[i] = lengths[i - 1]! + distance(before, here);
    before = here;
  }
  const data = new Uint8Array(3 * entries);
  // Of a closed curve entry k is the middle of its bin, so that the map is symmetric about zero.
  const place = (k: number) => (closed ? (k + 0.5) / entries : k / (entries - 1));
  for (let k = 0, i = 0; k < entries; k++) {
    const target = place(k) * lengths[steps]!;
    while (i < steps - 1 && lengths[i + 1]! < target) i++;
    const part = (target - lengths[i]!) / (lengths[i + 1]! - lengths[i]!);
    data.set(okLabToBytes(curve((i + part) / steps)), 3 * k);
  }
  return { entries, data };
}

function distance(p: OkLab, q: OkLab): number {
  return Math.sqrt((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2);
}

function okLabToBytes([lightness, a, b]: OkLab): Colour {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encodeGamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encodeGamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encodeGamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Linear light 0 ... 1 to an sRGB byte. */
function encodeGamma(light: number): number {
  const clipped = Math.min(1, Math.max(0, light));
  const encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(255 * encoded);
}
