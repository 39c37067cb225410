// The package as people get it: packed, unpacked into an empty project beside its dependencies, its types checked without
// skipLibCheck, both exports imported, the program started. Needs the build (npm run build), no network.
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readTar } from "../src/node/gpu-swiftshader.ts";

const root = join(import.meta.dirname, "..");
const project = mkdtempSync(join(tmpdir(), "ptycho-package-"));
const modules = join(project, "node_modules");
const installed = join(modules, "ptycho-webgpu");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
afterAll(() => rmSync(project, { recursive: true, force: true }));

interface Outcome {
  readonly code: number | string;
  readonly text: string;
}

function run(program: string, argv: readonly string[], cwd = project): Promise<Outcome> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(program, argv, { cwd, env, timeout: 100_000, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? (error ? "killed" : 0), text: stdout + stderr });
    });
  });
}

beforeAll(async () => {
  expect(existsSync(join(root, "dist/src/index.js")), "npm run build comes first").toBe(true);
  // the build is there; scripts would only repeat it
  const packed = await run("npm", ["pack", "--ignore-scripts", "--offline", "--pack-destination", project], root);
  expect(packed.code, packed.text).toBe(0);
  const archive = readdirSync(project).find((name) => name.endsWith(".tgz"))!;
  for (const [name, content] of readTar(gunzipSync(readFileSync(join(project, archive))))) {
    const path = join(installed, name.replace(/^package\//, ""));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name), "junction");
  }
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
});

/** Each in a program of its own: what one declares must not help the other. */
async function checkTypes(name: string, source: string): Promise<Outcome> {
  writeFileSync(join(project, name), source);
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  return await run(process.execPath, [
    compiler,
    "--strict",
    "--noEmit",
    "--target",
    "es2023",
    "--module",
    "nodenext",
    name,
  ]);
}

const CORE = `
import { type AdapterFacts, LsqmlEngine, parseOptions, readDataset, reconstruct, type ReconstructResult } from "ptycho-webgpu";
export async function run(device: GPUDevice, bytes: Parameters<typeof readDataset>[0]): Promise<ReconstructResult> {
  const options = parseOptions({ epochs: 3, data: { quantity: "intensity" } });
  return await reconstruct(device, await readDataset(bytes, options.data), options);
}
export type Both = [AdapterFacts, LsqmlEngine];
// @ts-expect-error: what is declared is not any
export const wrong: number = readDataset;
`;
const NODE = `
import { fileAccess, openDevice } from "ptycho-webgpu/node";
export async function open(): Promise<GPUDevice> {
  await fileAccess("scan.npz");
  return (await openDevice({ device: "auto" })).device;
}
// @ts-expect-error: what is declared is not any
export const wrong: number = openDevice;
`;

test("the types of both exports stand by themselves", async () => {
  const [core, node] = await Promise.all([checkTypes("core.ts", CORE), checkTypes("node.ts", NODE)]);
  const fine = { code: 0, text: "" };
  expect({ core, node }).toEqual({ core: fine, node: fine });
});

test("both exports can be imported, nothing else can", async () => {
  const script = `
    const core = await import("ptycho-webgpu");
    const node = await import("ptycho-webgpu/node");
    const inner = await import("ptycho-webgpu/dist/src/index.js").then(() => "open", (error) => error.code);
    console.log(typeof core.reconstruct, typeof node.openDevice, inner);
  `;
  const { code, text } = await run(process.execPath, ["--input-type=module", "-e", script]);
  expect(text).toBe("function function ERR_PACKAGE_PATH_NOT_EXPORTED\n");
  expect(code).toBe(0);
});

test("the program starts through the link that npm makes, from any folder", async () => {
  const bin = join(modules, ".bin");
  mkdirSync(bin);
  const target = join(installed, manifest.bin.ptycho);
  if (process.platform === "win32") cpSync(target, join(bin, "ptycho"));
  else symlinkSync(target, join(bin, "ptycho"));
  const elsewhere = join(project, "elsewhere");
  mkdirSync(elsewhere);
  const version = await run(process.execPath, [join(bin, "ptycho"), "--version"], elsewhere);
  expect(version).toEqual({ code: 0, text: `${manifest.version}\n` });
  expect(readFileSync(target, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test("the package holds what it needs and nothing that others have no use for", () => {
  const names = readdirSync(installed);
  expect(names).toEqual(
    expect.arrayContaining(["LICENSE", "NOTICE", "README.md", "bin", "dist", "package.json", "shaders"]),
  );
  for (const name of ["test", "fixtures", "bench", ".ci"]) expect(names).not.toContain(name);
  expect(readdirSync(join(installed, "dist"))).toEqual(["src"]);
});
