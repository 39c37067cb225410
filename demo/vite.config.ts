import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// workers that come from the network have the policy of their own answers, so the servers send the page's
const [, policy] = /content="(default-src [^"]+)"/.exec(readFileSync(at("index.html"), "utf8"))!;
const headers = { "Content-Security-Policy": policy! };

/** What is bundled, also into the workers, is handed on with its licence. */
const bundled = ["uplot", "zod", "fflate", "npyjs", "fast-png", "iobuffer"];
const licences: Plugin = {
  name: "licences",
  apply: "build",
  generateBundle() {
    const text = (file: string) => readFileSync(at(`../${file}`), "utf8");
    const own = ["NOTICE", "LICENSE"].map(text);
    const others = bundled.map((name) => {
      const file = readdirSync(at(`../node_modules/${name}`)).find((entry) => /^licen[cs]e/i.test(entry));
      if (!file) throw new Error(`node_modules/${name} holds no licence`);
      return `${name}\n\n${text(`node_modules/${name}/${file}`)}`;
    });
    this.emitFile({
      type: "asset",
      fileName: "licences.txt",
      source: [...own, ...others].join(`\n${"-".repeat(72)}\n\n`),
    });
  },
};

export default defineConfig({
  plugins: [licences],
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
  },
});
