import { defineConfig } from "vitest/config";
import { findChromium } from "./test/support/find-chromium.ts";

const at = (path: string) => new URL(path, import.meta.url).pathname;

export default defineConfig({
  // the page imports the package by its name; its tests take the sources
  resolve: {
    alias: [
      { find: /^ptycho-webgpu$/, replacement: at("src/index.ts") },
      { find: /^ptycho-webgpu\/(\w+)$/, replacement: at("src/$1/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    // what takes longer than a quarter of an hour together: npm run test:long
    exclude: [...(process.env.PTYCHO_TEST_LONG ? [] : ["test/long/**"]), ...withoutBrowser()],
    // Dawn instances must live as long as their process: one fork per file, ended by vitest.
    pool: "forks",
    maxWorkers: 2,
    expect: { poll: { timeout: 20_000 } }, // pages share two processors with other tests
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

/** Tests in browsers, where there is none; with PTYCHO_REQUIRE_CHROMIUM they run and fail. */
function withoutBrowser(): string[] {
  if (process.env.PTYCHO_REQUIRE_CHROMIUM || findChromium()) return [];
  console.warn("no Chromium found (PTYCHO_CHROMIUM=/path/to/chromium): the tests in browsers are left out");
  return ["test/**/*.browser.test.ts"];
}
