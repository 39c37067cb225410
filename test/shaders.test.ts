// Shaders as text: their bindings and parameters are those the kernels declare, and they keep to the house rules.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SLOT_BYTES } from "../src/engine/epoch-tables.ts";
import type { KernelSpec } from "../src/gpu/kernel.ts";
import { shaders } from "../src/gpu/shaders.ts";
import { gatherParts } from "../src/kernels/directions.ts";
import { factorLength } from "../src/kernels/line-shape.ts";
import { stepSumParts } from "../src/kernels/steps.ts";
import { isLineKernel, listKernelSpecs } from "./support/kernel-specs.ts";

const folder = `${join(import.meta.dirname, "../shaders")}/`;
const files = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".wgsl"))
  .sort();
const textOf = (name: string) => readFileSync(folder + name, "utf8");
const withoutComments = (text: string) => text.replace(/\/\/.*$/gm, "");
const specs = await listKernelSpecs();

interface Binding {
  readonly number: number;
  readonly space: string;
  readonly name: string;
}

function readBindings(code: string): Binding[] {
  const pattern = /@group\(0\) @binding\((\d+)\) var<([^>]*)> (\w+):/g;
  return Array.from(withoutComments(code).matchAll(pattern), (match) => ({
    number: Number(match[1]),
    space: match[2]!.replace(/\s/g, ""),
    name: match[3]!,
  }));
}

/** [name, type] of the fields of a struct. */
function readFields(code: string, struct: string): [string, string][] {
  const body = new RegExp(`struct ${struct} \\{([^}]*)\\}`).exec(withoutComments(code))?.[1] ?? "";
  return Array.from(body.matchAll(/(\w+)\s*:\s*([\w<>]+)/g), (match) => [match[1]!, match[2]!]);
}

function expectedBindings(spec: KernelSpec): Binding[] {
  const bindings: Omit<Binding, "number">[] = [];
  if (spec.params) bindings.push({ space: "uniform", name: "params" });
  if (spec.batch) bindings.push({ space: "uniform", name: "batch" });
  for (const [name, access] of Object.entries(spec.buffers))
    bindings.push({ space: access === "read" ? "storage,read" : "storage,read_write", name });
  return bindings.map((binding, number) => ({ number, ...binding }));
}

test("there are kernels and shaders to look at", () => {
  expect(specs.size).toBeGreaterThan(20);
  expect(files.length).toBeGreaterThan(30);
});

for (const [name, spec] of specs) {
  describe(name, () => {
    const { code } = shaders[spec.shader]!;

    test("declares the bindings of its shader, in their order", () => {
      expect(readBindings(code)).toEqual(expectedBindings(spec));
      expect(code.match(/@binding/g)!.length).toBe(readBindings(code).length);
    });

    test("declares the parameters of its shader, in their order", () => {
      expect(readFields(code, "Params")).toEqual(Object.entries(spec.params ?? {}));
    });

    test("has one entry point, main", () => {
      expect(Array.from(code.matchAll(/@compute[^{]*?fn (\w+)/g), (match) => match[1])).toEqual(["main"]);
    });

    test("uses the workgroup its dispatch assumes", () => {
      const sizes = Array.from(code.matchAll(/@workgroup_size\(([^)]*)\)/g), (match) => match[1]);
      // named sizes come from the generated transform, a part, an override
      const named =
        { stepSums: "GROUP", stepSizes: "LANES", objectGradient: "16, GROUP_HEIGHT", illumination: "16, GROUP_HEIGHT" }[
          name
        ] ?? (isLineKernel(spec) ? "GROUP_X, GROUP_Y" : null);
      expect(named ? [named] : ["64", "1", "16, 16"]).toContain(sizes[0]);
      expect(sizes.length).toBe(1);
    });
  });
}

test("every shader belongs to one kernel", () => {
  const top = files
    .filter((name) => !name.includes("/"))
    .map((name) => name.replace(/\.wgsl$/, ""))
    .sort();
  expect(Array.from(specs.values(), (spec) => spec.shader).sort()).toEqual(top);
});

test("every library file is included, every part can be asked for", () => {
  const included = new Set(
    files.flatMap((name) => Array.from(textOf(name).matchAll(/^\/\/!include (\S+)$/gm), (m) => m[1])),
  );
  const library = files.filter((name) => name.startsWith("lib/"));
  expect([...included].sort()).toEqual(library);
  const radices = new Set<number>();
  for (let length = 2; length <= 4096; length++) for (const radix of factorLength(length) ?? []) radices.add(radix);
  const butterflies = Array.from(radices, (radix) => `parts/dft-${radix}`);
  const sums = Object.values(stepSumParts).map(({ part }) => part);
  const gathers = Object.values(gatherParts);
  const parts = files.filter((name) => name.startsWith("parts/")).sort();
  expect([...butterflies, ...sums, ...gathers].map((name) => `${name}.wgsl`).sort()).toEqual(parts);
});

test("the sums for the step sizes have the workgroups and lanes that the host counts with", () => {
  for (const { part, invocations, lanes } of Object.values(stepSumParts)) {
    const constants = new Map<string, number>();
    for (const [, name, value] of textOf(`${part}.wgsl`).matchAll(/^const (\w+) = (\w+);$/gm))
      constants.set(name!, constants.get(value!) ?? Number.parseInt(value!, 10));
    expect([constants.get("GROUP"), constants.get("LANES_PER_GROUP")], part).toEqual([invocations, lanes]);
  }
});

test("the embedded shaders are the files without comments, and every line knows where it comes from", () => {
  expect(Object.keys(shaders).sort()).toEqual(
    files
      .filter((name) => !name.startsWith("lib/"))
      .map((name) => name.replace(/\.wgsl$/, ""))
      .sort(),
  );
  const uncommented = (name: string) => withoutComments(textOf(name)).split("\n");
  const lines = new Map(files.map((name) => [name, uncommented(name).map((line) => line.trimEnd())]));
  for (const [name, { code, origin }] of Object.entries(shaders)) {
    const embedded = code.split("\n");
    expect(origin.length).toBe(embedded.length);
    for (const [index, line] of embedded.entries()) {
      const [file, number] = origin[index]!.replace("shaders/", "").split(":") as [string, string];
      expect(lines.get(file)![Number(number) - 1], `${name}, line ${index + 1}: run npm run build`).toBe(line);
    }
    const own = textOf(`${name}.wgsl`)
      .split("\n")
      .filter((line) => !line.startsWith("//!include"));
    expect(embedded.length).toBeGreaterThanOrEqual(own.length);
  }
});

test("the blocks of the batch and slot tables have the sizes the host writes", () => {
  const text = textOf("lib/batch.wgsl");
  const words: Record<string, number> = { u32: 1, i32: 1, f32: 1, vec2i: 2, vec2f: 2 };
  const sizeBytes = (struct: string) => readFields(text, struct).reduce((sum, [, type]) => sum + 4 * words[type]!, 0);
  expect(sizeBytes("Slot")).toBe(SLOT_BYTES);
  expect(sizeBytes("Batch")).toBe(40);
});

for (const name of files) {
  describe(name, () => {
    const text = textOf(name);
    const code = withoutComments(text);

    test("opens with its purpose and has at most 150 lines", () => {
      expect(text).toMatch(/^\/\/ \S/);
      expect(text.split("\n").length).toBeLessThanOrEqual(151);
    });

    test("calls no trigonometric function: WGSL promises them to 2^-11 only", () => {
      expect(code).not.toMatch(/\b(sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|exp|exp2|pow)\s*\(/);
    });

    test("does not compare a value with itself: WGSL may assume that there is no NaN", () => {
      expect(code).not.toMatch(/([\w.[\]]+)\s*(!=|==)\s*\1(?![\w.[(])/);
    });

    test("has no floating-point atomics, no shared memory without a declared size, no tabs", () => {
      expect(code).not.toMatch(/atomic<f/);
      expect(text).not.toMatch(/\t/);
    });
  });
}
