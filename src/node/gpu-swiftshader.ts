// SwiftShader out of the npm package @sparticuz/chromium: a Vulkan driver and loader that need nothing installed.
// Unpacked once per version into a cache folder of the user.

import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { GpuError } from "../errors.ts";
import type { DriverFiles } from "./vulkan-drivers.ts";

const MEMBERS = ["libvk_swiftshader.so", "libvulkan.so.1", "vk_swiftshader_icd.json"] as const;
const BLOCK_BYTES = 512; // of the tar format

interface SwiftshaderPackage {
  readonly folder: string;
  readonly version: string;
}

/** The installed package, found from this module's place; null when absent. Its code is never run. */
export function findSwiftshaderPackage(): SwiftshaderPackage | null {
  try {
    const entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
    for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
      if (!isFile(join(folder, "package.json"))) continue;
      const found = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
        name?: string;
        version?: string;
      };
      if (found.name === "@sparticuz/chromium") return { folder, version: found.version ?? "unknown" };
    }
  } catch {
    // Not installed: the normal case for those who have a driver.
  }
  return null;
}

/** Unpacks the driver unless it is there; throws GpuError GPU_DRIVER (69) naming the file when that fails. */
export async function unpackSwiftshader(
  found: SwiftshaderPackage,
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<DriverFiles> {
  const source = join(found.folder, "bin", "swiftshader.tar.br");
  let failure: unknown;
  try {
    const packed = readFileSync(source);
    const name = `swiftshader-${found.version}-${createHash("sha256").update(packed).digest("hex").slice(0, 12)}`;
    let members: ReadonlyMap<string, Buffer> | null = null;
    for (const parent of cacheFolders(env, home)) {
      const folder = join(parent, name);
      if (isComplete(folder)) return driverFiles(folder);
      members ??= readTar(await promisify(brotliDecompress)(packed));
      try {
        writeFolder(parent, folder, members);
        return driverFiles(folder);
      } catch (error) {
        failure = error; // a read-only home is common on clusters; the next folder may do
      }
    }
  } catch (error) {
    failure = error;
  }
  const got = failure instanceof Error ? failure.message : String(failure);
  throw new GpuError("GPU_DRIVER", "SwiftShader could not be unpacked", { source, got }, 69, failure);
}

/** Members of a tar archive by name; regular files only. Throws RangeError when the archive ends early. */
export function readTar(archive: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  let offset = 0;
  while (offset + BLOCK_BYTES <= archive.length && archive[offset] !== 0) {
    const text = (from: number, length: number) =>
      archive.toString("latin1", offset + from, offset + from + length).replace(/\0.*$/s, "");
    const sizeBytes = Number.parseInt(text(124, 12).trim() || "0", 8);
    const start = offset + BLOCK_BYTES;
    if (!Number.isSafeInteger(sizeBytes) || start + sizeBytes > archive.length)
      throw new RangeError(`the tar member ${text(0, 100)} runs past the end of the archive`);
    const type = text(156, 1);
    if (type === "0" || type === "")
      members.set(text(0, 100).replace(/^\.\//, ""), archive.subarray(start, start + sizeBytes));
    offset = start + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return members;
}

/** Only folders that nobody else can write to: what lies there is loaded as code. */
function* cacheFolders(env: Readonly<Record<string, string | undefined>>, home: string): Generator<string> {
  yield join(env.XDG_CACHE_HOME || join(home, ".cache"), "ptycho-webgpu");
  yield join(tmpdir(), `ptycho-webgpu-${process.getuid?.() ?? "cache"}`);
}

function writeFolder(parent: string, folder: string, members: ReadonlyMap<string, Buffer>): void {
  makeFolders(parent);
  const owner = statSync(parent);
  if (process.getuid && (owner.uid !== process.getuid() || (owner.mode & 0o022) !== 0))
    throw new Error(`${parent} can be written by others`);
  const temporary = `${folder}.${process.pid}.${randomBytes(4).toString("hex")}`;
  mkdirSync(temporary, { mode: 0o700 });
  try {
    const sizes: Record<string, number> = {};
    for (const name of MEMBERS) {
      const content = members.get(name);
      if (!content) throw new Error(`the archive holds no ${name}`);
      sizes[name] = content.length;
      writeSynced(join(temporary, name), content);
    }
    writeSynced(join(temporary, "sizes.json"), Buffer.from(JSON.stringify(sizes)));
    moveInto(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Like mkdir -p, but ends on file systems that refuse: Node's recursive mkdir never returns below /proc. */
function makeFolders(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })) return;
  makeFolders(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // another process was faster
  }
}

/** Renames; keeps what another process put there first, replaces what was damaged. */
function moveInto(temporary: string, folder: string): void {
  try {
    renameSync(temporary, folder);
  } catch (error) {
    if (isComplete(folder)) return;
    if (!statSync(folder, { throwIfNoEntry: false })) throw error;
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
  }
}

function isComplete(folder: string): boolean {
  try {
    const sizes = JSON.parse(readFileSync(join(folder, "sizes.json"), "utf8")) as Record<string, number>;
    const owner = statSync(folder);
    if (process.getuid && (owner.uid !== process.getuid() || (owner.mode & 0o022) !== 0)) return false;
    return MEMBERS.every((name) => statSync(join(folder, name)).size === sizes[name]);
  } catch {
    return false;
  }
}

function driverFiles(folder: string): DriverFiles {
  return {
    manifest: join(folder, "vk_swiftshader_icd.json"),
    loader: join(folder, "libvulkan.so.1"),
    libraryFolder: folder,
  };
}

function writeSynced(path: string, content: Buffer): void {
  const file = openSync(path, "wx", 0o600);
  try {
    for (let done = 0; done < content.length; ) done += writeSync(file, content, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
