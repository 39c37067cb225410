// The transform as loops over butterflies, with one exchange array per line: in workgroup memory, shared by the line's
// invocations, or in the memory of the only one. The last stage of one direction and the first of the other work on the
// same places of the array, so that no barrier lies between them.

import { exchangeCopies, type LineShape, linePitch } from "./line-shape.ts";

export function writeLoopedTransform(shape: LineShape): string {
  return [writeExchange(shape), writeEnds(shape), writeMiddle(shape), writeDriver(shape)].join("\n");
}

function writeExchange(shape: LineShape): string {
  const { length, radices, threads, lines, axis } = shape;
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
var<${shared ? "workgroup" : "private"}> exchange: array<vec2f, ${exchangeCopies(shape) * copySamples}>;
fn synchronize() { ${shared ? "workgroupBarrier();" : ""} }
fn exchangeIndex(mode: u32, line: u32, place: u32) -> u32 { return mode * ${copySamples}u + ${index}; }`;
}

/** First and last stage of both directions, from and to registers. */
function writeEnds(shape: LineShape): string {
  const { radices } = shape;
  const first = radices[0]!;
  const last = radices.at(-1)!;
  const forFirst = (body: string) => forElements(shape, "SPACE", body);
  const forLast = (body: string) => forElements(shape, "FREQUENCY", body);
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
${forFirst("exchange[exchangeIndex(mode, line, b + i * SPACE_STRIDE)] = (*v)[i];")}
}
fn takeFrequency(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${last}>>) {
  let start = blockStart(b);
${forLast("(*v)[i] = exchange[exchangeIndex(mode, line, start + i)];")}
}
fn keepFrequency(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${last}>>) {
  let start = blockStart(b);
${forLast("exchange[exchangeIndex(mode, line, start + i)] = (*v)[i];")}
}
fn forwardToFrequency(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${last}>>) {
  takeFrequency(mode, line, b, v);
  dft${last}(v);
}
fn inverseFromFrequency(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${last}>>) {
${forLast("(*v)[i].y = -(*v)[i].y;")}
  dft${last}(v);
  keepFrequency(mode, line, b, v);
}
fn inverseToSpace(mode: u32, line: u32, b: u32, v: ptr<function, array<vec2f, ${first}>>) {
${forFirst("(*v)[i] = exchange[exchangeIndex(mode, line, b + i * SPACE_STRIDE)];")}
  turn${first}(v, b);
  dft${first}(v);
${forFirst("(*v)[i].y = -(*v)[i].y;")}
}
${[...new Set(radices.slice(0, -1))].map(writeTurn).join("\n")}`;
}

/** The stages between: nothing for two radices. Each begins and ends with the exchange array complete. */
function writeMiddle(shape: LineShape): string {
  const { length, radices } = shape;
  const stage = (radix: number, index: number, inverse: boolean) => {
    const block = length / radices.slice(0, index + 1).reduce((product, value) => product * value, 1);
    const stride = block / radix;
    const turn = `turn${radix}(&v, j * ${length / block}u);`;
    return `
  for (var m = thread; m < ${length / radix}u; m += THREADS) {
    let j = m % ${stride}u;
    let start = (m - j) * ${radix}u + j;
    var v: array<vec2f, ${radix}>;
  ${repeat(shape, radix, `v[i] = exchange[exchangeIndex(mode, line, start + i * ${stride}u)];`)}
    ${inverse ? `${turn} dft${radix}(&v);` : `dft${radix}(&v); ${turn}`}
  ${repeat(shape, radix, `exchange[exchangeIndex(mode, line, start + i * ${stride}u)] = v[i];`)}
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

type Layout = "SPACE" | "FREQUENCY";

function radixOf({ radices }: LineShape, layout: Layout): number {
  return layout === "SPACE" ? radices[0]! : radices.at(-1)!;
}

/**
 * A statement for every element i of a butterfly. Written out for graphics processors: an array that is indexed by a loop
 * may leave the registers. A loop elsewhere: processors' compilers take long over straight-line code.
 */
function forElements(shape: LineShape, layout: Layout, statement: string): string {
  return repeat(shape, radixOf(shape, layout), statement);
}

function repeat(shape: LineShape, radix: number, statement: string): string {
  if (shape.threads === 1) return `  for (var i = 0u; i < ${radix}u; i++) { ${statement} }`;
  return Array.from({ length: radix }, (_, i) => `  ${statement.replaceAll(/\bi\b/g, `${i}u`)}`).join("\n");
}

/** The same with e, the element's place in the line. */
function forPlaces(shape: LineShape, layout: Layout, statement: string): string {
  return forElements(shape, layout, statement.replaceAll(/\be\b/g, `b + i * ${layout}_STRIDE`));
}

/** This invocation's butterflies b of a layout; `body` is told how many elements came before, as text. */
function forButterflies(shape: LineShape, layout: Layout, guard: string, body: (before: string) => string): string {
  const { length, threads } = shape;
  const count = length / radixOf(shape, layout);
  if (threads === 1) {
    const before = `b * ${radixOf(shape, layout)}u`;
    return `  for (var b = 0u; b < ${count}u && ${guard}; b++) {\n${body(before)}\n  }`;
  }
  return Array.from({ length: Math.ceil(count / threads) }, (_, k) => {
    const bound = (k + 1) * threads > count ? ` && b < ${count}u` : "";
    const before = `${k * radixOf(shape, layout)}u`;
    return `  { let b = place.thread + ${k * threads}u;\n  if (${guard}${bound}) {\n${body(before)}\n  } }`;
  }).join("\n");
}

/** Statements for every mode in turn. */
function forModes({ modes }: LineShape, body: string): string {
  return modes === 1
    ? `  { let mode = 0u;\n${body}\n  }`
    : `  for (var mode = 0u; mode < MODE_COUNT; mode++) {\n${body}\n  }`;
}

const SYNCHRONIZE = "  synchronize();";
const FORWARD_MIDDLE = "  forwardMiddle(0u, place.line, place.thread);";
const INVERSE_MIDDLE = "  inverseMiddle(0u, place.line, place.thread);";

function writeDriver(shape: LineShape): string {
  const bodies: Record<LineShape["kind"], () => string[]> = {
    forward: () => [loadSpace(shape), SYNCHRONIZE, FORWARD_MIDDLE, storeFrequency(shape)],
    inverse: () => [loadFrequency(shape), SYNCHRONIZE, INVERSE_MIDDLE, storeSpace(shape)],
    "inverse-forward": () => [
      loadFrequency(shape),
      SYNCHRONIZE,
      INVERSE_MIDDLE,
      forButterflies(shape, "SPACE", "inside", () =>
        [
          "  inverseToSpace(0u, place.line, b, &space);",
          forPlaces(shape, "SPACE", "space[i] = atSpace(place, e, space[i]);"),
          "  forwardFromSpace(0u, place.line, b, &space);",
        ].join("\n"),
      ),
      SYNCHRONIZE,
      FORWARD_MIDDLE,
      storeFrequency(shape),
    ],
    "forward-inverse": () => (shape.threads > 1 && shape.modes > 1 ? againForEachMode(shape) : allModesTogether(shape)),
    "forward-sum": () => sumOfTerms(shape),
  };
  return `
fn transformLines(place: Place) {
  let inside = place.number < lineCount();
  if (inside) { beginLine(place); }
  var space: array<vec2f, FIRST_RADIX>;
  var frequency: array<vec2f, LAST_RADIX>;
${bodies[shape.kind]().join("\n")}
}`;
}

/** `arguments` of the kernel's callback between place and element, and the copy of the exchange array. */
function loadSpace(shape: LineShape, extra = "", copy = "0u", guard = "inside"): string {
  return forButterflies(shape, "SPACE", guard, () =>
    [
      forPlaces(shape, "SPACE", `space[i] = loadSpace(place, ${extra}e);`),
      `  forwardFromSpace(${copy}, place.line, b, &space);`,
    ].join("\n"),
  );
}

function storeSpace(shape: LineShape, extra = "", copy = "0u"): string {
  return forButterflies(shape, "SPACE", "inside", () =>
    [
      `  inverseToSpace(${copy}, place.line, b, &space);`,
      forPlaces(shape, "SPACE", `storeSpace(place, ${extra}e, space[i]);`),
    ].join("\n"),
  );
}

function loadFrequency(shape: LineShape): string {
  return forButterflies(shape, "FREQUENCY", "inside", () =>
    [
      forPlaces(shape, "FREQUENCY", "frequency[i] = loadFrequency(place, e);"),
      "  inverseFromFrequency(0u, place.line, b, &frequency);",
    ].join("\n"),
  );
}

function storeFrequency(shape: LineShape): string {
  return forButterflies(shape, "FREQUENCY", "inside", () =>
    [
      "  forwardToFrequency(0u, place.line, b, &frequency);",
      forPlaces(shape, "FREQUENCY", "storeFrequency(place, e, frequency[i]);"),
    ].join("\n"),
  );
}

/** Every mode to the detector, one factor for all of them, and back, with a copy of the exchange array per mode. */
function allModesTogether(shape: LineShape): string[] {
  const several = shape.modes > 1;
  const elements = (statement: string) => forElements(shape, "FREQUENCY", statement);
  const detector = forButterflies(shape, "FREQUENCY", "inside", () =>
    [
      // set anew by hand: a compiler was seen to keep the numbers of the round before when left to the declaration
      `  var values: array<f32, LAST_RADIX>;\n${elements("values[i] = 0.0;")}`,
      forModes(
        shape,
        [
          "  forwardToFrequency(mode, place.line, b, &frequency);",
          elements("values[i] += squaredModulus(frequency[i]);"),
          several ? "  keepFrequency(mode, place.line, b, &frequency);" : "",
        ].join("\n"),
      ),
      forPlaces(shape, "FREQUENCY", "values[i] = atFrequency(place, e, values[i]);"),
      forModes(
        shape,
        [
          several ? "  takeFrequency(mode, place.line, b, &frequency);" : "",
          elements("frequency[i] *= values[i];"),
          "  inverseFromFrequency(mode, place.line, b, &frequency);",
        ].join("\n"),
      ),
    ].join("\n"),
  );
  return [
    forModes(shape, loadSpace(shape, "mode, ", "mode")),
    SYNCHRONIZE,
    forModes(shape, "  forwardMiddle(mode, place.line, place.thread);"),
    detector,
    SYNCHRONIZE,
    forModes(shape, "  inverseMiddle(mode, place.line, place.thread);"),
    forModes(shape, storeSpace(shape, "mode, ", "mode")),
  ];
}

/**
 * The same with one copy: every mode goes to the detector twice, for the intensity and for the way back. One more
 * transform costs less than the workgroups that would not fit beside one another.
 */
function againForEachMode(shape: LineShape): string[] {
  const held = Math.ceil(shape.length / radixOf(shape, "FREQUENCY") / shape.threads) * radixOf(shape, "FREQUENCY");
  const ahead = [loadSpace(shape, "mode, "), SYNCHRONIZE, FORWARD_MIDDLE];
  const onButterflies = (statements: (before: string) => string[]) =>
    forButterflies(shape, "FREQUENCY", "inside", (before) => statements(before).join("\n"));
  return [
    `  var values: array<f32, ${held}>;`,
    forModes(
      shape,
      [
        ...ahead,
        onButterflies((before) => [
          "  forwardToFrequency(0u, place.line, b, &frequency);",
          forElements(shape, "FREQUENCY", `values[${before} + i] += squaredModulus(frequency[i]);`),
        ]),
        SYNCHRONIZE,
      ].join("\n"),
    ),
    onButterflies((before) => [
      forPlaces(shape, "FREQUENCY", `values[${before} + i] = atFrequency(place, e, values[${before} + i]);`),
    ]),
    forModes(
      shape,
      [
        ...ahead,
        onButterflies((before) => [
          "  forwardToFrequency(0u, place.line, b, &frequency);",
          forElements(shape, "FREQUENCY", `frequency[i] *= values[${before} + i];`),
          "  inverseFromFrequency(0u, place.line, b, &frequency);",
        ]),
        SYNCHRONIZE,
        INVERSE_MIDDLE,
        storeSpace(shape, "mode, "),
        SYNCHRONIZE,
      ].join("\n"),
    ),
  ];
}

/** Transforms of several patterns, added in registers. */
function sumOfTerms(shape: LineShape): string[] {
  const held = Math.ceil(shape.length / radixOf(shape, "FREQUENCY") / shape.threads) * radixOf(shape, "FREQUENCY");
  return [
    `  var sums: array<vec2f, ${held}>;`,
    "  let terms = select(0u, termCount(place), inside);",
    "  for (var term = 0u; term < TERMS; term++) {",
    "  let present = term < terms;",
    "  if (present) { beginTerm(place, term); }",
    loadSpace(shape, "term, ", "0u", "present"),
    SYNCHRONIZE,
    FORWARD_MIDDLE,
    forButterflies(shape, "FREQUENCY", "present", (before) =>
      [
        "  forwardToFrequency(0u, place.line, b, &frequency);",
        forPlaces(shape, "FREQUENCY", `sums[${before} + i] += atFrequency(place, term, e, frequency[i]);`),
      ].join("\n"),
    ),
    SYNCHRONIZE,
    "  }",
    forButterflies(shape, "FREQUENCY", "inside", (before) =>
      forPlaces(shape, "FREQUENCY", `storeFrequency(place, e, sums[${before} + i]);`),
    ),
  ];
}
