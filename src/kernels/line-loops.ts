// The transform as loops over butterflies, with one exchange array per line: in workgroup memory, shared by the line's
// invocations, or in the memory of the only one. The last stage of one direction and the first of the other work on the
// same places of the array, so that no barrier lies between them.

import { type LineShape, linePitch } from "./line-shape.ts";

export function writeLoopedTransform(shape: LineShape): string {
  return [writeExchange(shape), writeEnds(shape), writeMiddle(shape), writeDriver(shape)].join("\n");
}

function writeExchange(shape: LineShape): string {
  const { length, radices, threads, lines, modes, axis } = shape;
  const shared = threads > 1;
  const copySamples = linePitch(shape) * (shared ? lines : 1);
  const index = !shared
    ? "place"
    : axis === "column"
      ? `place * ${lines}u + line`
      : `line * ${linePitch(shape)}u + place + place / ${radices.at(-1)!}u`;
  return `
const FIRST_RADIX = ${radices[0]}u;
const LAST_RADIX = ${radices.at(-1)}u;
const SPACE_STRIDE = ${length / radices[0]!}u;          // butterflies of the space layout, and the step between their elements
const FREQUENCY_STRIDE = ${length / radices.at(-1)!}u;  // the same of the frequency layout
var<${shared ? "workgroup" : "private"}> exchange: array<vec2f, ${modes * copySamples}>;
fn synchronize() { ${shared ? "workgroupBarrier();" : ""} }
fn exchangeIndex(mode: u32, line: u32, place: u32) -> u32 { return mode * ${copySamples}u + ${index}; }`;
}

/** First and last stage of both directions, from and to registers. */
function writeEnds({ radices }: LineShape): string {
  const first = radices[0]!;
  const last = radices.at(-1)!;
  const digits = radices.slice(0, -1).map((radix, index, all) => {
    const isLast = index === all.length - 1;
    return `  start = start * ${radix}u + ${isLast ? "rest" : `rest % ${radix}u`};${isLast ? "" : ` rest /= ${radix}u;`}`;
  });
  return `
// Where butterfly b of the frequency layout begins: the digits of b in reverse.
fn blockStart(b: u32) -> u32 {
  var rest = b;
  var start = 0u;
${digits.join("\n")}
  return start * LAST_RADIX;
}
fn forwardFromSpace(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${first}>>) {
  dft${first}(v);
  turn${first}(v, b);
  for (var i = 0u; i < FIRST_RADIX; i++) { exchange[exchangeIndex(mode, line, b + i * SPACE_STRIDE)] = (*v)[i]; }
}
fn takeFrequency(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${last}>>) {
  let start = blockStart(b);
  for (var i = 0u; i < LAST_RADIX; i++) { (*v)[i] = exchange[exchangeIndex(mode, line, start + i)]; }
}
fn keepFrequency(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${last}>>) {
  let start = blockStart(b);
  for (var i = 0u; i < LAST_RADIX; i++) { exchange[exchangeIndex(mode, line, start + i)] = (*v)[i]; }
}
fn forwardToFrequency(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${last}>>) {
  takeFrequency(mode, line, b, v);
  dft${last}(v);
}
fn inverseFromFrequency(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${last}>>) {
  for (var i = 0u; i < LAST_RADIX; i++) { (*v)[i].y = -(*v)[i].y; }
  dft${last}(v);
  keepFrequency(mode, line, b, v);
}
fn inverseToSpace(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${first}>>) {
  for (var i = 0u; i < FIRST_RADIX; i++) { (*v)[i] = exchange[exchangeIndex(mode, line, b + i * SPACE_STRIDE)]; }
  turn${first}(v, b);
  dft${first}(v);
  for (var i = 0u; i < FIRST_RADIX; i++) { (*v)[i].y = -(*v)[i].y; }
}
${[...new Set(radices.slice(0, -1))].map(writeTurn).join("\n")}`;
}

/** The stages between: nothing for two radices. Each begins and ends with the exchange array complete. */
function writeMiddle({ length, radices }: LineShape): string {
  const stage = (radix: number, index: number, inverse: boolean) => {
    const block = length / radices.slice(0, index + 1).reduce((product, value) => product * value, 1);
    const stride = block / radix;
    const turn = `turn${radix}(&v, j * ${length / block}u);`;
    return `
  for (var m = thread; m < ${length / radix}u; m += THREADS) {
    let j = m % ${stride}u;
    let start = (m - j) * ${radix}u + j;
    var v: array<vec2f, ${radix}>;
    for (var i = 0u; i < ${radix}u; i++) { v[i] = exchange[exchangeIndex(mode, line, start + i * ${stride}u)]; }
    ${inverse ? `${turn} dft${radix}(&v);` : `dft${radix}(&v); ${turn}`}
    for (var i = 0u; i < ${radix}u; i++) { exchange[exchangeIndex(mode, line, start + i * ${stride}u)] = v[i]; }
  }
  synchronize();`;
  };
  const middle = radices.slice(1, -1);
  return `
fn forwardMiddle(mode: u32, line: u32, thread: u32) {${middle.map((radix, index) => stage(radix, index, false)).join("")}
}
fn inverseMiddle(mode: u32, line: u32, thread: u32) {${middle
    .map((radix, index) => stage(radix, index, true))
    .reverse()
    .join("")}
}`;
}

/** v[i] *= w^i from a table of w^k; a factor is one of w, w^2, w^3, w^4, w^8, w^12 or the product of two of them. */
function writeTurn(radix: number): string {
  const lines: string[] = [];
  const looked = [1, 2, 3, 4, 8, 12].filter((i) => i < radix);
  for (const i of looked) lines.push(`  let w${i} = twiddles[${i === 1 ? "step" : `${i}u * step`}];`);
  for (let i = 5; i < radix; i++) {
    if (i % 4 === 0) continue;
    lines.push(`  let w${i} = multiply(w${i - (i % 4)}, w${i % 4});`);
  }
  for (let i = 1; i < radix; i++) lines.push(`  (*v)[${i}] = multiply((*v)[${i}], w${i});`);
  return `fn turn${radix}(v: ptr<function, array<vec2f, ${radix}>>, step: u32) {\n${lines.join("\n")}\n}`;
}

/** A loop over this invocation's butterflies of a layout. */
function over(layout: "SPACE" | "FREQUENCY", guard: string, body: string): string {
  return `  for (var b = place.thread; b < ${layout}_STRIDE && ${guard}; b += THREADS) {${body}
  }`;
}

/** A loop over the elements that a butterfly holds. */
function each(layout: "SPACE" | "FREQUENCY", body: string): string {
  const radix = layout === "SPACE" ? "FIRST_RADIX" : "LAST_RADIX";
  return `
    for (var i = 0u; i < ${radix}; i++) { let e = b + i * ${layout}_STRIDE; ${body} }`;
}

/** Calls of one mode, or of all in turn. */
function forModes(body: string): string {
  return `  for (var mode = 0u; mode < MODE_COUNT; mode++) {\n${body}\n  }`;
}

function writeDriver({ kind, radices, threads, length }: LineShape): string {
  const sync = "  synchronize();";
  const forward = "  forwardMiddle(0u, place.line, place.thread);";
  const inverse = "  inverseMiddle(0u, place.line, place.thread);";
  const loadSpace = over(
    "SPACE",
    "inside",
    `${each("SPACE", "space[i] = loadSpace(place, e);")}
    forwardFromSpace(0u, place.line, b, &space);`,
  );
  const loadFrequency = over(
    "FREQUENCY",
    "inside",
    `${each("FREQUENCY", "frequency[i] = loadFrequency(place, e);")}
    inverseFromFrequency(0u, place.line, b, &frequency);`,
  );
  const storeFrequency = over(
    "FREQUENCY",
    "inside",
    `
    forwardToFrequency(0u, place.line, b, &frequency);${each("FREQUENCY", "storeFrequency(place, e, frequency[i]);")}`,
  );
  const storeSpace = over(
    "SPACE",
    "inside",
    `
    inverseToSpace(0u, place.line, b, &space);${each("SPACE", "storeSpace(place, e, space[i]);")}`,
  );
  const turnAround = over(
    "SPACE",
    "inside",
    `
    inverseToSpace(0u, place.line, b, &space);${each("SPACE", "space[i] = atSpace(place, e, space[i]);")}
    forwardFromSpace(0u, place.line, b, &space);`,
  );
  const bodies: Record<LineShape["kind"], string[]> = {
    forward: [loadSpace, sync, forward, storeFrequency],
    inverse: [loadFrequency, sync, inverse, storeSpace],
    "inverse-forward": [loadFrequency, sync, inverse, turnAround, sync, forward, storeFrequency],
    "forward-inverse": writeDetectorBody(radices.at(-1)!),
    "forward-sum": writeSumBody(Math.ceil(length / radices.at(-1)! / threads) * radices.at(-1)!),
  };
  return `
fn transformLines(place: Place) {
  let inside = place.number < lineCount();
  var space: array<vec2f, FIRST_RADIX>;
  var frequency: array<vec2f, LAST_RADIX>;
${bodies[kind].join("\n")}
}`;
}

/** Every mode to the detector, one factor for all of them, and back. */
function writeDetectorBody(lastRadix: number): string[] {
  const load = over(
    "SPACE",
    "inside",
    `${each("SPACE", "space[i] = loadSpace(place, mode, e);")}
    forwardFromSpace(mode, place.line, b, &space);`,
  );
  const store = over(
    "SPACE",
    "inside",
    `
    inverseToSpace(mode, place.line, b, &space);${each("SPACE", "storeSpace(place, mode, e, space[i]);")}`,
  );
  const detector = over(
    "FREQUENCY",
    "inside",
    `
    // set anew by hand: seen to keep the numbers of the round before when left to the declaration
    var values: array<f32, ${lastRadix}>;
    for (var i = 0u; i < LAST_RADIX; i++) { values[i] = 0.0; }
    for (var mode = 0u; mode < MODE_COUNT; mode++) {
      forwardToFrequency(mode, place.line, b, &frequency);
      for (var i = 0u; i < LAST_RADIX; i++) { values[i] += squaredModulus(frequency[i]); }
      if (MODE_COUNT > 1u) { keepFrequency(mode, place.line, b, &frequency); }
    }${each("FREQUENCY", "values[i] = atFrequency(place, e, values[i]);")}
    for (var mode = 0u; mode < MODE_COUNT; mode++) {
      if (MODE_COUNT > 1u) { takeFrequency(mode, place.line, b, &frequency); }
      for (var i = 0u; i < LAST_RADIX; i++) { frequency[i] *= values[i]; }
      inverseFromFrequency(mode, place.line, b, &frequency);
    }`,
  );
  return [
    forModes(load),
    "  synchronize();",
    forModes("  forwardMiddle(mode, place.line, place.thread);"),
    detector,
    "  synchronize();",
    forModes("  inverseMiddle(mode, place.line, place.thread);"),
    forModes(store),
  ];
}

/** Transforms of several patterns, added in registers. `held`: samples of the frequency layout that an invocation has. */
function writeSumBody(held: number): string[] {
  const load = over(
    "SPACE",
    "present",
    `${each("SPACE", "space[i] = loadSpace(place, term, e);")}
    forwardFromSpace(0u, place.line, b, &space);`,
  );
  const add = over(
    "FREQUENCY",
    "present",
    `
    forwardToFrequency(0u, place.line, b, &frequency);${each("FREQUENCY", "sums[held + i] += atFrequency(place, term, e, frequency[i]);")}
    held += LAST_RADIX;`,
  );
  const store = over(
    "FREQUENCY",
    "inside",
    `${each("FREQUENCY", "storeFrequency(place, e, sums[held + i]);")}
    held += LAST_RADIX;`,
  );
  return [
    `  var sums: array<vec2f, ${held}>;
  var held = 0u;
  let terms = select(0u, termCount(place), inside);
  for (var term = 0u; term < TERMS; term++) {
  let present = term < terms;
${load}
  synchronize();
  forwardMiddle(0u, place.line, place.thread);
  held = 0u;
${add}
  synchronize();
  }
  held = 0u;
${store}`,
  ];
}
