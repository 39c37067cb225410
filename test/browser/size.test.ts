// What a page has to load: the core with all it depends on, minified, compressed as servers do.
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const KILOBYTE = 1000;

/** Bytes of a module and everything it imports, all exports kept. */
async function measureBundle(entry: string): Promise<number> {
  const { output } = (await build({
    root,
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2023",
      minify: true,
      modulePreload: false,
      rolldownOptions: { input: join(root, entry), preserveEntrySignatures: "strict" },
    },
  })) as Rolldown.RolldownOutput;
  const code = output.map((part) => (part.type === "chunk" ? part.code : String(part.source))).join("");
  // a bundle that reaches for Node would hold these
  expect(code).not.toMatch(/from\s*"node:|__vite-browser-external|\brequire\(/);
  return gzipSync(code, { level: 9 }).length;
}

test("the core stays under 120 kB", async () => {
  const sizeBytes = await measureBundle("dist/src/index.js");
  expect(sizeBytes).toBeGreaterThan(30 * KILOBYTE); // or nothing was bundled
  expect(sizeBytes).toBeLessThan(120 * KILOBYTE);
});

test("the worker stays under 120 kB", async () => {
  const sizeBytes = await measureBundle("dist/src/worker/index.js");
  expect(sizeBytes).toBeGreaterThan(30 * KILOBYTE);
  expect(sizeBytes).toBeLessThan(120 * KILOBYTE);
});
