// The package as people get it: packed, and unpacked into an empty project beside its dependencies. No network.

import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect } from "vitest";
import { readTar } from "../../src/node/gpu-swiftshader.ts";

export const repository = join(import.meta.dirname, "../..");
export const packageManifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));

export interface Outcome {
  readonly code: number | string;
  readonly text: string;
}

export interface PackedProject {
  readonly folder: string;
  /** node_modules/ptycho-webgpu. */
  readonly installed: string;
  /** Runs a program there; standard output and error together. */
  run(program: string, argv: readonly string[], cwd?: string): Promise<Outcome>;
  remove(): void;
}

/** Packs the build that is there and installs it; `further` packages are those of a page's author, such as vite. */
export async function createPackedProject(further: readonly string[] = []): Promise<PackedProject> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "ptycho-package-")));
  const modules = join(folder, "node_modules");
  const installed = join(modules, "ptycho-webgpu");
  const run = (program: string, argv: readonly string[], cwd = folder): Promise<Outcome> => {
    const { NODE_OPTIONS: _, ...env } = process.env;
    return new Promise((resolve) => {
      execFile(program, argv, { cwd, env, timeout: 100_000, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
        resolve({ code: error?.code ?? (error ? "killed" : 0), text: stdout + stderr });
      });
    });
  };
  expect(existsSync(join(repository, "dist/src/index.js")), "npm run build comes first").toBe(true);
  // the build is there; scripts would only repeat it
  const argv = ["pack", "--ignore-scripts", "--offline", "--pack-destination", folder];
  const packed = await run("npm", argv, repository);
  expect(packed.code, packed.text).toBe(0);
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
  for (const [name, content] of readTar(gunzipSync(readFileSync(join(folder, archive))))) {
    const path = join(installed, name.replace(/^package\//, ""));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  for (const name of [...Object.keys(packageManifest.dependencies), ...further]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(repository, "node_modules", name), join(modules, name), "junction");
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return { folder, installed, run, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
