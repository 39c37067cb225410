// The package as people get it: packed, unpacked into an empty project beside its dependencies, its types checked without
// skipLibCheck, all exports imported, the program started. Needs the build (npm run build), no network.
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createPackedProject,
  type Outcome,
  type PackedProject,
  packageManifest,
  repository,
} from "./support/packed-project.ts";

let project: PackedProject;
beforeAll(async () => {
  project = await createPackedProject();
});
afterAll(() => project?.remove());

/** Each in a program of its own: what one declares must not help the other. */
async function checkTypes(name: string, source: string): Promise<Outcome> {
  writeFileSync(join(project.folder, name), source);
  const compiler = join(repository, "node_modules/typescript/bin/tsc");
  return await project.run(process.execPath, [
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

const WORKER = `
import { type FromWorker, serveReconstructions, type ToWorker } from "ptycho-webgpu/worker";
serveReconstructions(self);
export const stop: ToWorker = { type: "stop", id: 1 };
export const codeOf = (message: FromWorker): string | null => (message.type === "failed" ? message.code : null);
// @ts-expect-error: what is declared is not any
export const wrong: number = serveReconstructions;
`;

const ROOMS = `
import { compareObjects } from "ptycho-webgpu/compare";
import { renderReconstruction } from "ptycho-webgpu/pictures";
import { simulateScan } from "ptycho-webgpu/simulate";
import { parseManifest } from "ptycho-webgpu/study";
export const all = [compareObjects, renderReconstruction, simulateScan, parseManifest] as const;
// @ts-expect-error: what is declared is not any
export const wrong: readonly [number, number, number, number] = all;
`;

test("the types of all exports stand by themselves", async () => {
  const fine = { code: 0, text: "" };
  expect(await checkTypes("core.ts", CORE)).toEqual(fine);
  expect(await checkTypes("node.ts", NODE)).toEqual(fine);
  expect(await checkTypes("worker.ts", WORKER)).toEqual(fine);
  expect(await checkTypes("rooms.ts", ROOMS)).toEqual(fine);
});

test("all exports can be imported, nothing else can", async () => {
  const script = `
    const inner = await import("ptycho-webgpu/dist/src/index.js").then(() => "open", (error) => error.code);
    const rooms = ${JSON.stringify(Object.keys(packageManifest.exports))};
    const found = await Promise.all(rooms.map((room) => import(room.replace(".", "ptycho-webgpu"))));
    const names = Object.assign({}, ...found);
    const some = ["reconstruct", "serveReconstructions", "compareObjects", "renderReconstruction", "simulateScan", "parseManifest", "openDevice"];
    console.log(rooms.length, ...some.map((name) => typeof names[name]), inner);
  `;
  const { code, text } = await project.run(process.execPath, ["--input-type=module", "-e", script]);
  expect(text).toBe(`7${" function".repeat(7)} ERR_PACKAGE_PATH_NOT_EXPORTED\n`);
  expect(code).toBe(0);
});

test("the program starts through the link that npm makes, from any folder", async () => {
  const bin = join(project.folder, "node_modules/.bin");
  mkdirSync(bin);
  const target = join(project.installed, packageManifest.bin.ptycho);
  if (process.platform === "win32") cpSync(target, join(bin, "ptycho"));
  else symlinkSync(target, join(bin, "ptycho"));
  const elsewhere = join(project.folder, "elsewhere");
  mkdirSync(elsewhere);
  const version = await project.run(process.execPath, [join(bin, "ptycho"), "--version"], elsewhere);
  expect(version).toEqual({ code: 0, text: `${packageManifest.version}\n` });
  expect(readFileSync(target, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test("the package holds what it needs and nothing that others have no use for", () => {
  const names = readdirSync(project.installed);
  expect(names).toEqual(
    expect.arrayContaining(["LICENSE", "NOTICE", "README.md", "bin", "dist", "package.json", "shaders"]),
  );
  for (const name of ["test", "fixtures", "bench", ".ci"]) expect(names).not.toContain(name);
  expect(readdirSync(join(project.installed, "dist"))).toEqual(["src"]);
});
