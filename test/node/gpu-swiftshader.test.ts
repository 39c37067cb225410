// Unpacking SwiftShader: the archive reader and the cache folder.

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findSwiftshaderPackage, readTar, unpackSwiftshader } from "../../src/node/gpu-swiftshader.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ptycho-test-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test("tar members come out with their bytes, directories and links do not", () => {
  const archive = Buffer.concat([
    tarMember("./a.txt", Buffer.from("hello")),
    tarMember("folder/", Buffer.alloc(0), "5"),
    tarMember("link", Buffer.alloc(0), "2"),
    tarMember("b.bin", Buffer.alloc(513, 7)),
    Buffer.alloc(1024),
  ]);
  const members = readTar(archive);
  expect([...members.keys()]).toEqual(["a.txt", "b.bin"]);
  expect(members.get("a.txt")!.toString()).toBe("hello");
  expect(members.get("b.bin")).toEqual(Buffer.alloc(513, 7));
});

test("a tar archive that ends early is refused", () => {
  const archive = tarMember("a.bin", Buffer.alloc(2000));
  expect(() => readTar(archive.subarray(0, 1500))).toThrow(/a\.bin runs past the end/);
});

test("the driver is unpacked once, and again when a file was damaged", async () => {
  const found = findSwiftshaderPackage()!;
  const env = { XDG_CACHE_HOME: folder };
  const files = await unpackSwiftshader(found, env, "/nonexistent");
  expect(files.manifest!.startsWith(join(folder, "ptycho-webgpu", `swiftshader-${found.version}-`))).toBe(true);
  const library = join(files.libraryFolder!, "libvk_swiftshader.so");
  const first = statSync(library);
  await unpackSwiftshader(found, env, "/nonexistent");
  expect(statSync(library).ino).toBe(first.ino);
  truncateSync(library, 1000);
  await unpackSwiftshader(found, env, "/nonexistent");
  expect(statSync(library).size).toBe(first.size);
  expect(readdirSync(join(folder, "ptycho-webgpu"))).toHaveLength(1);
});

test("several at a time leave one complete folder", async () => {
  const found = findSwiftshaderPackage()!;
  await Promise.all(Array.from({ length: 4 }, () => unpackSwiftshader(found, { XDG_CACHE_HOME: folder }, "")));
  expect(readdirSync(join(folder, "ptycho-webgpu"))).toHaveLength(1);
});

test("a cache folder that others can write to is not used", async () => {
  const parent = join(folder, "ptycho-webgpu");
  mkdirSync(parent);
  chmodSync(parent, 0o777);
  vi.stubEnv("TMPDIR", join(folder, "tmp")); // where it goes instead
  const files = await unpackSwiftshader(findSwiftshaderPackage()!, { XDG_CACHE_HOME: folder }, "");
  expect(dirname(dirname(files.libraryFolder!))).toBe(join(folder, "tmp"));
  expect(readdirSync(parent)).toEqual([]);
});

test("a home that takes no folders leads to the temporary folder", async () => {
  vi.stubEnv("TMPDIR", join(folder, "tmp"));
  const files = await unpackSwiftshader(findSwiftshaderPackage()!, {}, "/proc/none");
  expect(dirname(dirname(files.libraryFolder!))).toBe(join(folder, "tmp"));
});

test("a broken package is an error that names the file", async () => {
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin", "swiftshader.tar.br"), "not brotli");
  const unpacking = unpackSwiftshader({ folder, version: "1" }, { XDG_CACHE_HOME: folder }, "");
  await expect(unpacking).rejects.toMatchObject({
    code: "GPU_DRIVER",
    exitCode: 69,
    details: { source: join(folder, "bin", "swiftshader.tar.br") },
  });
});

function tarMember(name: string, content: Buffer, type = "0"): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write(type, 156);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
