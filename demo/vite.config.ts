import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// workers that come from the network have the policy of their own answers, so the servers send the page's
const [, policy] = /content="(default-src [^"]+)"/.exec(readFileSync(at("index.html"), "utf8"))!;
const headers = { "Content-Security-Policy": policy! };

export default defineConfig({
  root: at("."),
  base: "./", // the folder works from any place
  resolve: {
    alias: [
      { find: /^ptycho-webgpu\/(\w+)$/, replacement: at("../src/$1/index.ts") },
      { find: /^ptycho-webgpu$/, replacement: at("../src/index.ts") },
    ],
  },
  server: { fs: { allow: [at("..")] }, headers },
  preview: { headers },
  worker: { format: "es" },
  build: {
    outDir: at("dist"),
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // the policy of the page allows no data: addresses
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" }, // of what is bundled and handed on
  },
});
