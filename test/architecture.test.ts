// The house rules that a machine can check: who imports whom, no Node in the core, sizes, nothing left open.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

function listFiles(folder: string, extension: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(extension) && !name.includes(".generated."))
    .map((name) => join(folder, name));
}

const sources = listFiles("src", ".ts");
const read = (file: string) => readFileSync(join(root, file), "utf8");
/** Room of a source file: its folder, or its own name at the top of src. */
const roomOf = (file: string) => relative("src", file).replace(/\.ts$/, "").split("/")[0]!;

function importsOf(file: string): { target: string; typeOnly: boolean }[] {
  return [...read(file).matchAll(/^(import|export)( type)?\s[^;]*?from "([^"]+)";$/gms)].map((match) => ({
    target: match[3]!.startsWith(".") ? join(dirname(file), match[3]!) : match[3]!,
    typeOnly: match[2] !== undefined,
  }));
}

const leaves = ["errors", "complex", "profile-names"];
const options = ["options", "options-help", "options-issue", ...leaves];
/** Rooms each room may import from, besides itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  complex: [],
  "profile-names": [],
  options,
  "options-help": options,
  "options-issue": options,
  data: options,
  jobs: options,
  schedule: ["data", ...options],
  gpu: ["errors"],
  kernels: ["gpu", "errors", "profile-names"],
  engine: ["kernels", "gpu", "schedule", "data", ...options],
  simulate: ["engine", "schedule", "data", ...options], // one rounding rule for positions, engine/geometry.ts
  study: ["jobs", "simulate", "schedule", "data", ...options],
  compare: ["data", "simulate", ...options],
  pictures: ["compare", "engine", ...options],
  results: ["engine", "gpu", "schedule", "data", ...options],
  preview: ["pictures", "compare", "kernels", "gpu", ...options],
  worker: ["results", "preview", "pictures", "compare", "simulate", "engine", "gpu", "schedule", "data", ...options],
};

test("rooms import only from where data flow allows", () => {
  for (const file of sources) {
    const room = roomOf(file);
    const rooms = allowed[room];
    if (!rooms) continue; // index and node are the edges
    for (const { target } of importsOf(file)) {
      if (!target.startsWith("src")) continue;
      expect([room, ...rooms], `${file} imports ${target}`).toContain(roomOf(target));
    }
  }
});

test("nothing but src/node knows Node", () => {
  for (const file of sources.filter((name) => !name.startsWith("src/node"))) {
    const code = read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    expect(code, file).not.toMatch(/"node:|\bprocess\.|\bBuffer\.|\bconsole\.|__dirname|\brequire\(/);
  }
});

test("benchmarks use the public names", () => {
  for (const file of listFiles("bench", ".ts")) {
    for (const { target } of importsOf(file)) {
      if (target.startsWith("src")) expect(target, file).toMatch(/^src\/(\w+\/)?index\.ts$/);
    }
  }
});

test("the page uses the public names, and nothing of Node", () => {
  // colours and the wording of options are shared with the pictures and the command line
  const shared = ["src/pictures/colour-maps.ts", "src/options-help.ts"];
  const outside = ["", "/worker", "/compare", "/pictures"].map((room) => `ptycho-webgpu${room}`).concat("uplot", "zod");
  for (const file of listFiles("demo/src", ".ts")) {
    for (const { target } of importsOf(file)) {
      if (target.startsWith("demo/src/") || target.startsWith("fixtures/")) continue;
      expect([...shared, ...outside], `${file} imports ${target}`).toContain(target);
    }
    expect(read(file), file).not.toMatch(/"node:|\bprocess\.|\bBuffer\.|innerHTML|insertAdjacentHTML|\beval\(/);
  }
});

test("no import cycles", () => {
  const finished = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (finished.has(file) || !sources.includes(file)) return;
    expect(path, `cycle: ${[...path, file].join(" -> ")}`).not.toContain(file);
    for (const { target, typeOnly } of importsOf(file)) if (!typeOnly) visit(target, [...path, file]);
    finished.add(file);
  };
  for (const file of sources) visit(file, []);
});

test("rooms stay small", () => {
  const lines = (file: string) => read(file).split("\n").length - 1;
  for (const folder of ["src", "bench", "test"])
    for (const file of listFiles(folder, ".ts")) expect(lines(file), file).toBeLessThanOrEqual(400);
  for (const file of listFiles("demo/src", ".ts")) expect(lines(file), file).toBeLessThanOrEqual(350);
  for (const file of listFiles("shaders", ".wgsl")) expect(lines(file), file).toBeLessThanOrEqual(150);
});

test("nothing is left open or switched off", () => {
  for (const folder of ["src", "bench", "test"]) {
    for (const file of listFiles(folder, ".ts").filter((name) => !name.endsWith("architecture.test.ts"))) {
      expect(read(file), file).not.toMatch(/\b(TODO|FIXME|XXX)\b|\.(skip|only|todo)\(/);
    }
  }
});
