import { defineConfig } from "vitest/config";

export default defineConfig({
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
