// A bitmap font of 5 x 7 dots with two rows for descenders, drawn for this project.

import { type Bitmap, type Colour, fillRectangle } from "./bitmap.ts";

/** Dots from one character to the next. */
const ADVANCE_DOTS = 6;
/** Dots of a capital letter's height. */
export const CAPITAL_DOTS = 7;

/** Rows from the top, two hexadecimal digits each; bit 4 is the leftmost dot. */
const GLYPHS: Readonly<Record<string, string>> = {
  A: "0e11111f111111",
  B: "1e11111e11111e",
  C: "0e11101010110e",
  D: "1e11111111111e",
  E: "1f10101e10101f",
  F: "1f10101e101010",
  G: "0e11101711110f",
  H: "1111111f111111",
  I: "0e04040404040e",
  J: "0702020202120c",
  K: "11121418141211",
  L: "1010101010101f",
  M: "111b1515111111",
  N: "11191513111111",
  O: "0e11111111110e",
  P: "1e11111e101010",
  Q: "0e11111115120d",
  R: "1e11111e141211",
  S: "0f10100e01011e",
  T: "1f040404040404",
  U: "1111111111110e",
  V: "11111111110a04",
  W: "11111115151b11",
  X: "11110a040a1111",
  Y: "11110a04040404",
  Z: "1f01020408101f",
  a: "00000e010f110f",
  b: "10101e1111111e",
  c: "00000e1110110e",
  d: "01010f1111110f",
  e: "00000e111f100e",
  f: "0609081c080808",
  g: "00000f1111110f010e",
  h: "10101e11111111",
  i: "04000c0404040e",
  j: "02000602020202120c",
  k: "10101214181412",
  l: "0c04040404040e",
  m: "00001a15151515",
  n: "00001e11111111",
  o: "00000e1111110e",
  p: "00001e1111111e1010",
  q: "00000f1111110f0101",
  r: "00001619101010",
  s: "00000f100e011e",
  t: "08081c08080906",
  u: "0000111111110f",
  v: "00001111110a04",
  w: "0000111115150a",
  x: "0000110a040a11",
  y: "0000111111110f010e",
  z: "00001f0204081f",
  "0": "0e11131519110e",
  "1": "040c040404040e",
  "2": "0e11010204081f",
  "3": "1f02040201110e",
  "4": "02060a121f0202",
  "5": "1f101e0101110e",
  "6": "0608101e11110e",
  "7": "1f010204080808",
  "8": "0e11110e11110e",
  "9": "0e11110f01020c",
  ".": "00000000000c0c",
  ",": "00000000000c0408",
  ":": "000c0c000c0c00",
  ";": "000c0c000c0408",
  "-": "0000000e000000",
  "+": "0004041f040400",
  "=": "00001f001f0000",
  "/": "01010204081010",
  "(": "02040808080402",
  ")": "08040202020408",
  "[": "0e08080808080e",
  "]": "0e02020202020e",
  "<": "02040810080402",
  ">": "08040201020408",
  "%": "18190204081303",
  "*": "00150e1f0e1500",
  "|": "04040404040404",
  "'": "04040000000000",
  "#": "0a0a1f0a1f0a0a",
  "!": "04040404040004",
  "?": "0e110204040004",
  _: "0000000000001f",
  µ: "0000111111131d1010",
  π: "00001f0a0a0a13",
  "±": "04041f0404001f",
  "×": "0000110a040a11",
  " ": "",
};

/** What stands for a character that the font does not have. */
const MISSING = "1f11111111111f";

/** Width of a text in pixels at `scale` pixels per dot. */
export function measureText(text: string, scale: number): number {
  return Math.max(0, [...text].length * ADVANCE_DOTS - 1) * scale;
}

/** Text cut to `widthPx`, with an ellipsis of three dots where something was left out. */
export function fitText(text: string, scale: number, widthPx: number): string {
  if (measureText(text, scale) <= widthPx) return text;
  const characters = [...text];
  while (characters.length > 0 && measureText(`${characters.join("")}...`, scale) > widthPx) characters.pop();
  return `${characters.join("").trimEnd()}...`;
}

/** Draws text whose capital letters have their top left corner at (left, top). */
export function drawText(bitmap: Bitmap, left: number, top: number, text: string, scale: number, colour: Colour): void {
  [...text].forEach((character, index) => {
    const rows = GLYPHS[character] ?? MISSING;
    for (let row = 0; 2 * row < rows.length; row++) {
      const bits = Number.parseInt(rows.slice(2 * row, 2 * row + 2), 16);
      for (let column = 0; column < 5; column++) {
        if (((bits >> (4 - column)) & 1) === 0) continue;
        const x = left + (index * ADVANCE_DOTS + column) * scale;
        fillRectangle(bitmap, x, top + row * scale, scale, scale, colour);
      }
    }
  });
}
