// The transform of four or eight invocations that are neighbours in a subgroup: every one keeps its share of the line in
// registers, and samples change hands by shuffles, without memory or barriers. For lines of two radices. That invocations
// follow one another in a subgroup is checked once per device (lane-order.ts). A kernel may store a line where it loaded it:
// what a lane stores depends on every sample of the line, so that all of them have been loaded by then.

import type { LineShape } from "./line-shape.ts";

/** Samples that a lane may hold: compilation takes long and much memory beyond. */
const MOST_HELD = 32;
/** The same for all modes together where their transforms are written out one after another. */
const MOST_WRITTEN_OUT = 64;

/** Whether lines of such radices can be shared by so many lanes. */
export function fitsLanes(radices: readonly number[], lanes: number): boolean {
  const length = radices.reduce((product, radix) => product * radix, 1);
  return radices.length === 2 && radices.every((radix) => radix % lanes === 0) && length / lanes <= MOST_HELD;
}

/** Joined by line-transform.ts; needs `enable subgroups`. */
export function writeLaneTransform(shape: LineShape): string {
  return [writeTranspose(shape), writeFactors(shape), writeExchanges(shape), writeDriver(shape)].join("\n");
}

/** Samples of a line that one lane holds. */
function held({ length, threads }: LineShape): number {
  return length / threads;
}

/** Statements for numbers below `count`. */
function each(count: number, write: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => write(i)).join("\n");
}

/** Element j of lane c becomes element c of lane j: in each round lanes swap half of what they have. */
function writeTranspose({ threads }: LineShape): string {
  const swap = (low: number, bit: number) => `  { let upper = (lane & ${bit}u) != 0u;
    let got = subgroupShuffleXor(select((*v)[${low | bit}], (*v)[${low}], upper), ${bit}u);
    (*v)[${low}] = select((*v)[${low}], got, upper);
    (*v)[${low | bit}] = select(got, (*v)[${low | bit}], upper); }`;
  const elements = Array.from({ length: threads }, (_, j) => j);
  const rounds = [1, 2, 4].filter((bit) => bit < threads);
  return `
fn transposeLanes(v: ptr<function, array<vec2f, ${threads}>>, lane: u32) {
${rounds.flatMap((bit) => elements.filter((j) => (j & bit) === 0).map((j) => swap(j, bit))).join("\n")}
}`;
}

/**
 * Factors between the two stages: of butterfly b of the space layout, w^i for its elements i. They are read once for both
 * directions and all patterns.
 */
function writeFactors(shape: LineShape): string {
  const radix = shape.radices[0]!;
  const powers = [1, 2, 4, 8].filter((i) => i < radix);
  const factor = (i: number) => {
    const high = powers.findLast((power) => power <= i)!;
    return high === i ? `twiddles[${i}u * b]` : `multiply(f[${high}], f[${i - high}])`;
  };
  return `
fn factorsOf(b: u32) -> array<vec2f, ${radix}> {
  var f: array<vec2f, ${radix}>;
${each(radix, (i) => (i === 0 ? "  f[0] = vec2f(1.0, 0.0);" : `  f[${i}] = ${factor(i)};`))}
  return f;
}
fn turn(v: ptr<function, array<vec2f, ${radix}>>, f: ptr<function, array<vec2f, ${radix}>>) {
${each(radix, (i) => (i === 0 ? "" : `  (*v)[${i}] = multiply((*v)[${i}], (*f)[${i}]);`))}
}`;
}

/** Both ways between the layouts of writeDriver: square blocks, transposed. */
function writeExchanges(shape: LineShape): string {
  const [first, last] = shape.radices as [number, number];
  const { threads } = shape;
  const exchange = (name: string, from: number, to: number) => {
    const blocks: string[] = [];
    for (let k = 0; k < to / threads; k++)
      for (let l = 0; l < from / threads; l++) {
        const taken = Array.from({ length: threads }, (_, j) => `(*v)[${k * from + threads * l + j}]`);
        const put = each(threads, (j) => `    result[${l * to + threads * k + j}] = a[${j}];`);
        blocks.push(
          `  { var a = array<vec2f, ${threads}>(${taken.join(", ")});\n    transposeLanes(&a, lane);\n${put} }`,
        );
      }
    return `
fn ${name}(v: ptr<function, array<vec2f, ${held(shape)}>>, lane: u32) {
  var result: array<vec2f, ${held(shape)}>;
${blocks.join("\n")}
  *v = result;
}`;
  };
  return exchange("toFrequencyLayout", first, last) + exchange("toSpaceLayout", last, first);
}

type Layout = "space" | "frequency";

/**
 * Statements for every butterfly of this lane, whose elements are `a`, held in `v` before and after.
 * Space layout: of T, lane t has the samples t + T k + i length / radix; frequency layout: likewise with the last radix.
 */
function forButterflies(shape: LineShape, layout: Layout, body: (parts: Butterfly) => string[]): string {
  const radix = layout === "space" ? shape.radices[0]! : shape.radices[1]!;
  const stride = shape.length / radix;
  return each(stride / shape.threads, (k) => {
    const elements = (statement: string) =>
      each(radix, (i) =>
        `    ${statement}`
          .replaceAll(/\bE\b/g, `b + ${i * stride}u`)
          .replaceAll(/\bI\b/g, String(k * radix + i))
          .replaceAll(/\bV\b/g, `a[${i}]`),
      );
    const parts = body({
      elements,
      take: elements("V = v[I];"),
      put: elements("v[I] = V;"),
      dft: `    dft${radix}(&a);`,
      turn: `    turn(&a, &factors${k});`,
    });
    const text = parts.join("\n");
    const values = text.includes("a[") ? `    var a: array<vec2f, ${radix}>;\n` : "";
    return `  { let b = lane + ${k * shape.threads}u;\n${values}${text}\n  }`;
  });
}

interface Butterfly {
  /** A statement for every element, with E for its number in the line, I for its place among the lane's, V for its value. */
  readonly elements: (statement: string) => string;
  readonly take: string;
  readonly put: string;
  readonly dft: string;
  readonly turn: string;
}

function writeDriver(shape: LineShape): string {
  const line = `array<vec2f, ${held(shape)}>`;
  const bodies: Record<LineShape["kind"], () => string[]> = {
    forward: () => [
      forwardFrom(shape, "V = loadSpace(place, E);"),
      forwardTo(shape, ({ elements }) => [elements("storeFrequency(place, E, V);")]),
    ],
    inverse: () => [
      inverseFrom(shape, "V = conjugate(loadFrequency(place, E));"),
      inverseTo(shape, ({ elements }) => [elements("storeSpace(place, E, conjugate(V));")]),
    ],
    "inverse-forward": () => [
      inverseFrom(shape, "V = conjugate(loadFrequency(place, E));"),
      inverseTo(shape, ({ elements, dft, turn, put }) => [
        elements("V = atSpace(place, E, conjugate(V));"),
        dft,
        turn,
        put,
      ]),
      "  toFrequencyLayout(&v, lane);",
      forwardTo(shape, ({ elements }) => [elements("storeFrequency(place, E, V);")]),
    ],
    "forward-inverse": () => detectorBody(shape, line),
    "forward-sum": () => [
      `  var sums: ${line};`,
      "  let terms = termCount(place);",
      "  for (var term = 0u; term < terms; term++) {",
      "  beginTerm(place, term);",
      forwardFrom(shape, "V = loadSpace(place, term, E);"),
      forwardTo(shape, ({ elements }) => [elements("sums[I] += atFrequency(place, term, E, V);")]),
      "  }",
      forButterflies(shape, "frequency", ({ elements }) => [elements("storeFrequency(place, E, sums[I]);")]),
    ],
  };
  return `
fn conjugate(a: vec2f) -> vec2f { return vec2f(a.x, -a.y); }
fn transformLines(place: Place) {
  if (place.number >= lineCount()) { return; }
  beginLine(place);
  let lane = place.thread;
${each(shape.length / shape.radices[0]! / shape.threads, (k) => `  var factors${k} = factorsOf(lane + ${k * shape.threads}u);`)}
  var v: ${line};
${bodies[shape.kind]().join("\n")}
}`;
}

/** From samples in space to the lanes of the frequency layout. */
function forwardFrom(shape: LineShape, load: string): string {
  return `${forButterflies(shape, "space", ({ elements, dft, turn, put }) => [elements(load), dft, turn, put])}
  toFrequencyLayout(&v, lane);`;
}

function forwardTo(shape: LineShape, body: (parts: Butterfly) => string[]): string {
  return forButterflies(shape, "frequency", (parts) => [parts.take, parts.dft, ...body(parts)]);
}

/** From conjugated samples at frequencies to the lanes of the space layout. */
function inverseFrom(shape: LineShape, load: string): string {
  return `${forButterflies(shape, "frequency", ({ elements, dft, put }) => [elements(load), dft, put])}
  toSpaceLayout(&v, lane);`;
}

function inverseTo(shape: LineShape, body: (parts: Butterfly) => string[]): string {
  return forButterflies(shape, "space", (parts) => [parts.take, parts.turn, parts.dft, ...body(parts)]);
}

/** All modes to the detector, one factor for all of them, and back: a few modes in registers of their own. */
function detectorBody(shape: LineShape, line: string): string[] {
  const { modes } = shape;
  const ahead = (mode: string, kept: string) => [
    forwardFrom(shape, `V = loadSpace(place, ${mode}, E);`),
    forwardTo(shape, ({ elements }) => [elements(`${kept} = V; intensity[I] += squaredModulus(V);`)]),
  ];
  const back = (mode: string, kept: string) => [
    inverseFrom(shape, `V = conjugate(${kept}) * intensity[I];`),
    inverseTo(shape, ({ elements }) => [elements(`storeSpace(place, ${mode}, E, conjugate(V));`)]),
  ];
  const written = modes * held(shape) <= MOST_WRITTEN_OUT;
  const numbers = Array.from({ length: modes }, (_, mode) => mode);
  const forModes = (body: (mode: string, kept: string) => string[]) =>
    written
      ? numbers.flatMap((mode) => body(`${mode}u`, `kept${mode}[I]`))
      : [
          "  for (var mode = 0u; mode < MODE_COUNT; mode++) {",
          ...body("mode", `kept[mode * ${held(shape)}u + I]`),
          "  }",
        ];
  return [
    `  var intensity: array<f32, ${held(shape)}>;`,
    ...(written
      ? numbers.map((mode) => `  var kept${mode}: ${line};`)
      : [`  var kept: array<vec2f, ${modes * held(shape)}>;`]),
    ...forModes(ahead),
    forButterflies(shape, "frequency", ({ elements }) => [
      elements("intensity[I] = atFrequency(place, E, intensity[I]);"),
    ]),
    ...forModes(back),
  ];
}
