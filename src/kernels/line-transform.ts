// Writes the WGSL of a 1-D transform whose line stays on chip, so that pointwise work fits between a forward and an
// inverse transform without another pass over memory. The kernel is written by hand around it: it gives the samples and
// takes them (callbacks), the generated `transformLines` moves them.
//
//   kind              the kernel declares
//   forward           loadSpace(place, e), storeFrequency(place, e, v)
//   inverse           loadFrequency(place, e), storeSpace(place, e, v)
//   inverse-forward   loadFrequency(place, e), atSpace(place, e, v) -> vec2f, storeFrequency(place, e, v)
//   forward-inverse   loadSpace(place, mode, e), atFrequency(place, e, intensity) -> f32, storeSpace(place, mode, e, v)
//   forward-sum       loadSpace(place, term, e), atFrequency(place, term, e, v) -> vec2f, termCount(place) -> u32,
//                     storeFrequency(place, e, v)
//                     beginTerm(place, term)
//   all               lineCount() -> u32, beginLine(place), binding `twiddles`: [length] exp(-2 pi i k / length)
//
// The forward flow graph is decimation in frequency, in place; element k ends at the digit-reversed place. The inverse is
// the transposed graph between two conjugations, so that neither needs a reordering pass. Neither has a factor.

import { GpuError } from "../errors.ts";
import type { KernelSpec } from "../gpu/kernel.ts";
import { writeLaneTransform } from "./line-lanes.ts";
import { writeLoopedTransform } from "./line-loops.ts";
import { type LineShape, sumsPerPlane } from "./line-shape.ts";
import { writeUnrolledTransform } from "./line-unrolled.ts";

/**
 * Between shuffles the lanes of a line go the same way, or select; a compiler cannot see that. On one line, so that messages
 * keep their line numbers.
 */
const LANE_DIRECTIVES = "enable subgroups; diagnostic(off, subgroup_uniformity); ";

/** A kernel that includes lib/line.wgsl with its transform. Throws GpuError FFT_SIZE for lengths that it cannot do. */
export function joinLineTransform<Buffers extends string>(
  spec: KernelSpec<Buffers>,
  shape: LineShape,
): KernelSpec<Buffers> {
  return {
    ...spec,
    ...(shape.inSubgroup ? { directives: LANE_DIRECTIVES } : {}),
    parts: butterflyParts(shape),
    generated: writeLineTransform(shape),
  };
}

/** WGSL that joins a kernel which includes lib/line.wgsl. Throws GpuError FFT_SIZE for lengths that it cannot do. */
export function writeLineTransform(shape: LineShape): string {
  const { length, radices } = shape;
  if (radices.length < 2 || radices.reduce((product, radix) => product * radix, 1) !== length)
    throw new GpuError("FFT_SIZE", `no FFT for length ${length}: only 2^a 3^b 5^c from 8 on`, {}, 69);
  return `${writeHeader(shape)}\n${writeBody(shape)}\n`;
}

function writeBody(shape: LineShape): string {
  if (shape.inSubgroup) return writeLaneTransform(shape);
  return shape.unrolled ? writeUnrolledTransform(shape) : writeLoopedTransform(shape);
}

/** Names of the butterflies a shape needs, as files of shaders/. */
export function butterflyParts(shape: LineShape): string[] {
  return [...new Set(shape.radices)].map((radix) => `parts/dft-${radix}`);
}

function writeHeader(shape: LineShape): string {
  const { length, radices, threads, lines, axis, linesPerPlane } = shape;
  const { x, y, line, thread } = layOutGroup(shape);
  return `
// Line of ${length} = ${radices.join(" * ")} samples along a ${axis}, ${threads} invocation(s) per line, ${lines} lines per workgroup.
const LENGTH = ${length}u;
const LINES_PER_PLANE = ${linesPerPlane}u;
const THREADS = ${threads}u;
const LINES = ${lines}u;
const GROUP_X = ${x}u;
const GROUP_Y = ${y}u;
const MODE_COUNT = ${shape.modes}u;
const TERMS = ${shape.terms}u;
// Sums per plane that sumOfLines leaves.
const LANES_PER_PLANE = ${sumsPerPlane(shape)}u;
fn lineInGroup(local: vec3u) -> u32 { return ${line}; }
fn threadInLine(local: vec3u) -> u32 { return ${thread}; }
// Where element e of a line lies in an array [plane, y, x].
fn sampleIndex(number: u32, e: u32) -> u32 { return ${
    axis === "row"
      ? `number * ${length}u + e`
      : `(number / ${linesPerPlane}u * ${length}u + e) * ${linesPerPlane}u + number % ${linesPerPlane}u`
  }; }
${writeSum(shape)}`;
}

/**
 * Size of a workgroup, and which line and which part of it are an invocation's. Lanes of a subgroup: one after another, in
 * one dimension. Else rows and columns each so that neighbours read neighbours.
 */
function layOutGroup({ threads, lines, axis, inSubgroup }: LineShape): Record<"x" | "y" | "line" | "thread", string> {
  if (inSubgroup) {
    return { x: `${threads * lines}`, y: "1", line: `local.x / ${threads}u`, thread: `local.x % ${threads}u` };
  }
  const shared = threads > 1;
  if (axis === "row") return { x: `${threads}`, y: `${lines}`, line: "local.y", thread: shared ? "local.x" : "0u" };
  return { x: `${lines}`, y: `${threads}`, line: "local.x", thread: shared ? "local.y" : "0u" };
}

/**
 * Adds a number of every invocation: of a workgroup by a fixed tree, of a line by shuffles between its lanes; a line that
 * one invocation has keeps its own.
 */
function writeSum({ threads, lines, inSubgroup }: LineShape): string {
  if (inSubgroup) {
    return `
// Lane of the sum, and whether this invocation has it.
struct LineSum { lane: u32, mine: bool, value: vec2f }
fn sumOfLines(place: Place, value: vec2f) -> LineSum {
  var sum = value;
  for (var step = 1u; step < THREADS; step *= 2u) { sum += subgroupShuffleXor(sum, step); }
  return LineSum(place.number, place.thread == 0u, sum);
}`;
  }
  if (threads === 1) {
    return `
// Lane of the sum, and whether this invocation has it.
struct LineSum { lane: u32, mine: bool, value: vec2f }
fn sumOfLines(place: Place, value: vec2f) -> LineSum { return LineSum(place.number, true, value); }`;
  }
  const count = threads * lines;
  return `
// Lane of the sum, and whether this invocation has it.
struct LineSum { lane: u32, mine: bool, value: vec2f }
var<workgroup> laneSums: array<vec2f, ${count}>;
fn sumOfLines(place: Place, value: vec2f) -> LineSum {
  let own = place.line * THREADS + place.thread;
  laneSums[own] = value;
  for (var half = ${2 ** (Math.ceil(Math.log2(count)) - 1)}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (own < half && own + half < ${count}u) { laneSums[own] += laneSums[own + half]; }
  }
  return LineSum(place.number / LINES, own == 0u, laneSums[own]);
}`;
}
