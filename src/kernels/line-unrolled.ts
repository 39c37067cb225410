// The transform of one invocation with every butterfly written out: the line lives in registers, twiddles are literals.

import type { LineShape } from "./line-shape.ts";

export function writeUnrolledTransform(shape: LineShape): string {
  const bodies: Record<LineShape["kind"], () => string[]> = {
    forward: () => [
      ...load(shape, "loadSpace(place, E)"),
      ...forwardStages(shape),
      ...store(shape, "storeFrequency(place, E, V);", true),
    ],
    inverse: () => [
      ...load(shape, "conjugate(loadFrequency(place, E))", true),
      ...inverseStages(shape),
      ...store(shape, "storeSpace(place, E, conjugate(V));"),
    ],
    "inverse-forward": () => [
      ...load(shape, "conjugate(loadFrequency(place, E))", true),
      ...inverseStages(shape),
      ...store(shape, "V = atSpace(place, E, conjugate(V));"),
      ...forwardStages(shape),
      ...store(shape, "storeFrequency(place, E, V);", true),
    ],
    "forward-inverse": () => detectorBody(shape),
    "forward-sum": () => sumBody(shape),
  };
  return `
fn conjugate(a: vec2f) -> vec2f { return vec2f(a.x, -a.y); }
fn transformLines(place: Place) {
  if (place.number >= lineCount()) { return; }
  beginLine(place);
  let samples = arrayLength(&twiddles); // not a literal, so that a compiler leaves loops over it as loops
  var v: array<vec2f, ${shape.length}>;
${bodies[shape.kind]().join("\n")}
}`;
}

/** Place of frequency e among the results of the forward stages, as an expression of WGSL. */
function frequencyPlace(radices: readonly number[], e: string): string {
  let rest = e;
  let place = "0u";
  for (const [index, radix] of radices.entries()) {
    const digit = index === radices.length - 1 ? rest : `(${rest}) % ${radix}u`;
    place = index === 0 ? digit : `(${place}) * ${radix}u + ${digit}`;
    rest = `(${rest}) / ${radix}u`;
  }
  return place;
}

function reverseDigits(radices: readonly number[], e: number): number {
  let rest = e;
  let place = 0;
  for (const radix of radices) {
    place = place * radix + (rest % radix);
    rest = Math.floor(rest / radix);
  }
  return place;
}

/** Statements for all elements, with E for the element and V for its place in the line. */
function store(shape: LineShape, statement: string, reversed = false, line = "v"): string[] {
  const { length, radices } = shape;
  const write = (element: string, place: string) =>
    statement.replaceAll(/\bE\b/g, element).replaceAll(/\bV\b/g, `${line}[${place}]`);
  if (shape.loopedMemory) {
    const place = reversed ? [`    let p = ${frequencyPlace(radices, "e")};`] : [];
    return ["  for (var e = 0u; e < samples; e++) {", ...place, `    ${write("e", reversed ? "p" : "e")}`, "  }"];
  }
  return Array.from({ length }, (_, e) => `  ${write(`${e}u`, String(reversed ? reverseDigits(radices, e) : e))}`);
}

function load(shape: LineShape, expression: string, reversed = false, line = "v"): string[] {
  return store(shape, `V = ${expression};`, reversed, line);
}

/** Elements of every butterfly of stage `stage` and the exponent of its turn. */
function butterflies({ length, radices }: LineShape, stage: number): { places: number[]; step: number }[] {
  const radix = radices[stage]!;
  const block = length / radices.slice(0, stage).reduce((product, value) => product * value, 1);
  const stride = block / radix;
  return Array.from({ length: length / radix }, (_, number) => {
    const j = number % stride;
    const start = (number - j) * radix + j;
    return { places: Array.from({ length: radix }, (_, i) => start + i * stride), step: (j * length) / block };
  });
}

/** value * exp(-2 pi i exponent / length). */
function turned(value: string, exponent: number, length: number): string {
  if (exponent % length === 0) return value;
  const angle = (-2 * Math.PI * (exponent % length)) / length;
  return `multiply(${value}, vec2f(${Math.fround(Math.cos(angle))}, ${Math.fround(Math.sin(angle))}))`;
}

/** One butterfly in a block of its own, an element a line. */
function writeButterfly(radix: number, taken: readonly string[], put: readonly string[]): string {
  const elements = taken.map((value) => `    ${value},`);
  const results = put.map((statement) => `    ${statement}`);
  return [`  { var a = array<vec2f, ${radix}>(`, ...elements, `  ); dft${radix}(&a);`, ...results, "  }"].join("\n");
}

function forwardStages(shape: LineShape, line = "v"): string[] {
  return shape.radices.flatMap((radix, stage) =>
    butterflies(shape, stage).map(({ places, step }) => {
      const taken = places.map((place) => `${line}[${place}]`);
      const put = places.map((place, i) => `${line}[${place}] = ${turned(`a[${i}]`, i * step, shape.length)};`);
      return writeButterfly(radix, taken, put);
    }),
  );
}

function inverseStages(shape: LineShape, line = "v"): string[] {
  return shape.radices
    .flatMap((radix, stage) => [
      butterflies(shape, stage).map(({ places, step }) => {
        const taken = places.map((place, i) => turned(`${line}[${place}]`, i * step, shape.length));
        const put = places.map((place, i) => `${line}[${place}] = a[${i}];`);
        return writeButterfly(radix, taken, put);
      }),
    ])
    .reverse()
    .flat();
}

function detectorBody(shape: LineShape): string[] {
  if (shape.modes === 1) {
    return [
      ...load(shape, "loadSpace(place, 0u, E)"),
      ...forwardStages(shape),
      ...store(shape, "V = conjugate(V) * atFrequency(place, E, squaredModulus(V));", true),
      ...inverseStages(shape),
      ...store(shape, "storeSpace(place, 0u, E, conjugate(V));"),
    ];
  }
  // one copy of the butterflies serves all modes
  const kept = `kept[mode * ${shape.length}u + PLACE]`;
  const keep = (place: string) => kept.replace("PLACE", place);
  const all = `  for (var place = 0u; place < samples; place++)`;
  return [
    `  var kept: array<vec2f, ${shape.modes * shape.length}>;`,
    `  var intensity: array<f32, ${shape.length}>;`,
    "  for (var mode = 0u; mode < MODE_COUNT; mode++) {",
    ...load(shape, "loadSpace(place, mode, E)"),
    ...forwardStages(shape),
    `${all.replaceAll("place", "p")} { ${keep("p")} = conjugate(v[p]); intensity[p] += squaredModulus(v[p]); }`,
    "  }",
    ...store(shape, "V = atFrequency(place, E, V);", true, "intensity"),
    "  for (var mode = 0u; mode < MODE_COUNT; mode++) {",
    `${all.replaceAll("place", "p")} { v[p] = ${keep("p")} * intensity[p]; }`,
    ...inverseStages(shape),
    ...store(shape, "storeSpace(place, mode, E, conjugate(V));"),
    "  }",
  ];
}

function sumBody(shape: LineShape): string[] {
  return [
    `  var sums: array<vec2f, ${shape.length}>;`,
    "  let terms = termCount(place);",
    "  for (var term = 0u; term < terms; term++) {",
    "  beginTerm(place, term);",
    ...load(shape, "loadSpace(place, term, E)"),
    ...forwardStages(shape),
    ...store(shape, "sums[E] += atFrequency(place, term, E, V);", true),
    "  }",
    ...store(shape, "storeFrequency(place, E, V);", false, "sums"),
  ];
}
