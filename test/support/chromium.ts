// A headless Chromium with WebGPU on SwiftShader, for tests of the page. The development package's is unpacked once per
// version into the user's cache folder.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { type Browser, chromium } from "playwright-core";
import { readTar } from "../../src/node/gpu-swiftshader.ts";
import { findChromium } from "./find-chromium.ts";

const decompress = promisify(brotliDecompress);
const withWebGpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--ignore-gpu-blocklist"];

/** Starts a browser; `webgpu` false leaves it without an adapter, `args` are added. */
export async function launchChromium(options: { webgpu?: boolean; args?: readonly string[] } = {}): Promise<Browser> {
  const { path, env } = await findBinary();
  const gpu = options.webgpu === false ? [] : withWebGpu;
  return await chromium.launch({
    executablePath: path,
    headless: true,
    args: ["--no-sandbox", ...gpu, ...(options.args ?? [])],
    env: { ...(process.env as Record<string, string>), ...env },
  });
}

async function findBinary(): Promise<{ readonly path: string; readonly env: Readonly<Record<string, string>> }> {
  const found = findChromium();
  if (!found) throw new Error("no Chromium: npm install, or PTYCHO_CHROMIUM=/path/to/chromium");
  if (found.kind === "program") return { path: found.path, env: {} };
  const parent = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ptycho-webgpu");
  const folder = join(parent, `chromium-${found.version}`);
  if (!existsSync(folder)) await unpack(found.folder, folder);
  return {
    path: join(folder, "chromium"),
    env: { LD_LIBRARY_PATH: join(folder, "al2023/lib"), FONTCONFIG_PATH: join(folder, "fonts") },
  };
}

/** Into a folder of its own first, so that nobody ever sees half of it. */
async function unpack(source: string, folder: string): Promise<void> {
  const temporary = `${folder}.${process.pid}`;
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const read = async (name: string) => await decompress(readFileSync(join(source, "bin", name)));
  writeFileSync(join(temporary, "chromium"), await read("chromium.br"), { mode: 0o700 });
  // the drivers belong beside the program, libraries and fonts into folders of their own
  for (const [archive, place] of [
    ["swiftshader.tar.br", ""],
    ["al2023.tar.br", "al2023"],
    ["fonts.tar.br", "fonts"],
  ] as const) {
    for (const [name, content] of readTar(await read(archive))) {
      const path = join(temporary, place, name);
      if (!path.startsWith(temporary)) throw new Error(`${archive} reaches outside: ${name}`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content, { mode: 0o700 });
    }
  }
  // the archive's own file names folders of another machine
  writeFileSync(
    join(temporary, "fonts/fonts.conf"),
    `<fontconfig><dir>${join(folder, "fonts/fonts")}</dir></fontconfig>`,
  );
  try {
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // else another test file was faster
  }
}
