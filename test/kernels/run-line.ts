// Runs one generated line transform inside a kernel of its own, and the same in float64.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BufferPool } from "../../src/gpu/buffers.ts";
import { watchDevice } from "../../src/gpu/device.ts";
import { compileKernel, type KernelSpec } from "../../src/gpu/kernel.ts";
import { readBuffer } from "../../src/gpu/readback.ts";
import { shaders } from "../../src/gpu/shaders.ts";
import { type LineKind, type LineShape, workgroupsFor } from "../../src/kernels/line-shape.ts";
import { joinLineTransform } from "../../src/kernels/line-transform.ts";
import { transformLine } from "../reference/fft.ts";

const SHADER = "test-line";
/** Patterns of a dispatch. */
export const PATTERNS = 3;
/** What the buffers hold where no line ends. */
export const UNTOUCHED = -77;

const spec = {
  shader: SHADER,
  params: { lineTotal: "u32", patternTotal: "u32" },
  buffers: { twiddles: "read", weights: "read", source: "read", result: "readWrite", between: "readWrite" },
} satisfies KernelSpec;

const libraries = ["batch", "complex", "dft-four", "line"]
  .map((name) => readFileSync(join(import.meta.dirname, `../../shaders/lib/${name}.wgsl`), "utf8"))
  .join("\n");

const frame = `
struct Params { lineTotal: u32, patternTotal: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(2) var<storage, read> weights: array<vec2f>;         // [length]
@group(0) @binding(3) var<storage, read> source: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> result: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> between: array<vec2f>;
fn lineCount() -> u32 { return params.lineTotal; }
fn beginLine(place: Place) { line = place.number; }
fn beginTerm(place: Place, term: u32) { begun = term; }
var<private> line: u32;   // what was begun is what is loaded
var<private> begun: u32;
// Line of plane \`plane\` of this line's pattern, which has \`planes\` of them.
fn lineOf(number: u32, planes: u32, plane: u32) -> u32 {
  return (number / LINES_PER_PLANE * planes + plane) * LINES_PER_PLANE + number % LINES_PER_PLANE;
}
@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let place = placeOf(local, group, groups);
  transformLines(place);
  END
}`;

const loadSpace = "fn loadSpace(place: Place, e: u32) -> vec2f { return source[sampleIndex(line, e)]; }";
const loadFrequency = loadSpace.replace("loadSpace", "loadFrequency");
const storeFrequency =
  "fn storeFrequency(place: Place, e: u32, v: vec2f) { result[sampleIndex(place.number, e)] = v; }";

const callbacks: Record<LineKind, readonly string[]> = {
  forward: [loadSpace, storeFrequency],
  inverse: [loadFrequency, storeFrequency.replace("storeFrequency", "storeSpace")],
  "inverse-forward": [
    loadFrequency,
    storeFrequency,
    `fn atSpace(place: Place, e: u32, v: vec2f) -> vec2f {
  between[sampleIndex(place.number, e)] = v;
  return multiply(v, weights[e]);
}`,
  ],
  "forward-inverse": [
    `var<private> seen: vec2f;
fn loadSpace(place: Place, mode: u32, e: u32) -> vec2f {
  return source[sampleIndex(lineOf(line, MODE_COUNT, mode), e)];
}
fn storeSpace(place: Place, mode: u32, e: u32, v: vec2f) {
  result[sampleIndex(lineOf(place.number, MODE_COUNT, mode), e)] = v;
}
fn atFrequency(place: Place, e: u32, intensity: f32) -> f32 {
  seen += vec2f(intensity, 1.0);
  return weights[e].x / (1.0 + intensity);
}`,
  ],
  "forward-sum": [
    storeFrequency,
    `fn termCount(place: Place) -> u32 { return min(TERMS, params.patternTotal - place.number / LINES_PER_PLANE * TERMS); }
fn loadSpace(place: Place, term: u32, e: u32) -> vec2f {
  return source[sampleIndex(lineOf(line, TERMS, begun), e)];
}
fn atFrequency(place: Place, term: u32, e: u32, v: vec2f) -> vec2f { return f32(term + 1u) * multiply(v, weights[e]); }`,
  ],
};

const endings: Partial<Record<LineKind, string>> = {
  "forward-inverse": `let sum = sumOfLines(place, seen);
  if (sum.mine && place.number < lineCount()) { between[sum.lane] = sum.value; }`,
};

/** What a transform leaves: on the device, or as it should be. */
export interface LineOutcome {
  readonly result: Float32Array | Float64Array;
  /** Samples between the two transforms (inverse-forward), or [lane] of (sum of intensities, count) (forward-inverse). */
  readonly between: Float32Array | Float64Array;
}

/** Planes in the source and in the result. */
export function planesOf({ kind, modes, terms }: LineShape): { source: number; result: number } {
  if (kind === "forward-inverse") return { source: PATTERNS * modes, result: PATTERNS * modes };
  return { source: PATTERNS, result: kind === "forward-sum" ? Math.ceil(PATTERNS / terms) : PATTERNS };
}

/** Runs the transform on the device, with a workgroup more than it needs; buffers have room for what that might write. */
export async function runLine(
  device: GPUDevice,
  shape: LineShape,
  source: Float32Array,
  weights: Float32Array,
): Promise<LineOutcome> {
  const code = [libraries, frame.replace("END", endings[shape.kind] ?? ""), ...callbacks[shape.kind]].join("\n");
  shaders[SHADER] = { code, origin: code.split("\n").map((_, index) => `${SHADER}:${index + 1}`) };
  const pool = new BufferPool(device);
  try {
    const kernel = await compileKernel(device, joinLineTransform(spec, shape));
    const { length, linesPerPlane, lines } = shape;
    const planes = planesOf(shape).result;
    const spare = shape.modes * Math.ceil(lines / linesPerPlane);
    const empty = new Float32Array(2 * length * linesPerPlane * (planes + spare)).fill(UNTOUCHED);
    const twiddles = Float32Array.from({ length: 2 * length }, (_, k) => {
      const angle = (2 * Math.PI * (k >> 1)) / length;
      return k % 2 === 0 ? Math.cos(angle) : -Math.sin(angle);
    });
    const buffers = {
      twiddles: pool.storageFrom("twiddles", twiddles),
      weights: pool.storageFrom("weights", weights),
      source: pool.storageFrom("source", source),
      result: pool.storageFrom("result", empty),
      between: pool.storageFrom("between", empty),
    };
    const lineTotal = linesPerPlane * (shape.kind === "forward-inverse" ? PATTERNS : planes);
    const bound = kernel.bind({ params: { lineTotal, patternTotal: PATTERNS }, buffers });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    bound.encodeWorkgroups(pass, workgroupsFor(shape, lineTotal) + 1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    const read = async (buffer: GPUBuffer) => new Float32Array(await readBuffer(device, watchDevice(device), buffer));
    const outcome = { result: await read(buffers.result), between: await read(buffers.between) };
    bound.destroy();
    return outcome;
  } finally {
    delete shaders[SHADER];
    pool.destroy();
  }
}

/** The same in float64, without spare room; sums of intensities by plane instead of by lane. */
export function computeLine(shape: LineShape, source: Float32Array, weights: Float32Array): LineOutcome {
  const { kind, length, linesPerPlane, modes, terms } = shape;
  const planes = planesOf(shape);
  const place = (line: number, e: number) =>
    shape.axis === "row"
      ? line * length + e
      : (Math.floor(line / linesPerPlane) * length + e) * linesPerPlane + (line % linesPerPlane);
  const take = (line: number) =>
    Float64Array.from({ length: 2 * length }, (_, k) => source[2 * place(line, k >> 1) + (k & 1)]!);
  const put = (target: Float64Array, line: number, values: Float64Array) => {
    for (const [k, value] of values.entries()) target[2 * place(line, k >> 1) + (k & 1)] = value;
  };
  const result = new Float64Array(2 * length * linesPerPlane * planes.result);
  const between = new Float64Array(kind === "forward-inverse" ? 2 * PATTERNS : result.length);
  for (let number = 0; number < linesPerPlane * (planes.result / (kind === "forward-inverse" ? modes : 1)); number++) {
    const pattern = Math.floor(number / linesPerPlane);
    const lineOf = (count: number, plane: number) =>
      (pattern * count + plane) * linesPerPlane + (number % linesPerPlane);
    if (kind === "forward" || kind === "inverse") {
      put(result, number, transformLine(take(number), kind === "forward" ? 1 : -1));
    } else if (kind === "inverse-forward") {
      const space = transformLine(take(number), -1);
      put(between, number, space);
      put(result, number, transformLine(multiply(space, weights), 1));
    } else if (kind === "forward-sum") {
      const sum = new Float64Array(2 * length);
      for (let term = 0; term < Math.min(terms, PATTERNS - pattern * terms); term++) {
        const weighted = multiply(transformLine(take(lineOf(terms, term)), 1), weights);
        for (const [k, value] of weighted.entries()) sum[k]! += (term + 1) * value;
      }
      put(result, number, sum);
    } else {
      const waves = Array.from({ length: modes }, (_, mode) => transformLine(take(lineOf(modes, mode)), 1));
      const intensity = Float64Array.from({ length }, (_, e) =>
        waves.reduce((sum, wave) => sum + wave[2 * e]! ** 2 + wave[2 * e + 1]! ** 2, 0),
      );
      between[2 * pattern]! += intensity.reduce((sum, value) => sum + value, 0);
      between[2 * pattern + 1]! += length;
      for (const [mode, wave] of waves.entries()) {
        const turned = wave.map((value, k) => (value * weights[2 * (k >> 1)]!) / (1 + intensity[k >> 1]!));
        put(result, lineOf(modes, mode), transformLine(turned, -1));
      }
    }
  }
  return { result, between };
}

/** Complex products, element by element. */
function multiply(a: Float64Array, b: ArrayLike<number>): Float64Array {
  return a.map((value, k) => {
    const [other, sign] = k % 2 === 0 ? [a[k + 1]!, -1] : [a[k - 1]!, 1];
    return value * b[k - (k % 2)]! + sign * other * b[k - (k % 2) + 1]!;
  });
}
