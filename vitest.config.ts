import { defineConfig } from "vitest/config";

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
    exclude: process.env.PTYCHO_TEST_LONG ? [] : ["test/long/**"],
    // Dawn instances must live as long as their process: one fork per file, ended by vitest.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
