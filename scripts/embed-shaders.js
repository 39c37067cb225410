// Links shaders/*.wgsl (one-line includes from shaders/lib) and embeds them in src/gpu/shaders.generated.ts,
// so that Node, bundlers and plain pages load them alike. An unknown include fails the build. The package's version goes
// into src/results/version.generated.ts, because a browser cannot read package.json.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "shaders");

/** Text of one shader with its includes, and for every line the file and line it came from. */
function link(file, seen = new Set()) {
  const lines = [];
  const origin = [];
  const text = readFileSync(join(folder, file), "utf8");
  for (const [number, line] of text.split("\n").entries()) {
    const include = /^\/\/!include (\S+)$/.exec(line);
    if (!include) {
      lines.push(line);
      origin.push(`shaders/${file}:${number + 1}`);
      continue;
    }
    const name = include[1];
    if (!name.startsWith("lib/"))
      throw new Error(`shaders/${file}:${number + 1}: includes come from lib/, got ${name}`);
    if (seen.has(name)) continue;
    seen.add(name);
    const inner = link(name, seen);
    lines.push(...inner.lines);
    origin.push(...inner.origin);
  }
  return { lines, origin };
}

// Parts (shaders/parts) are joined to a kernel when it is compiled: one FFT pass serves every radix. Those in
// shaders/pictures draw instead of computing.
const within = (inner) => readdirSync(join(folder, inner)).map((name) => `${inner}/${name}`);
const names = [...readdirSync(folder), ...within("parts"), ...within("pictures")];
const entries = names.filter((name) => name.endsWith(".wgsl")).sort();
const body = entries.map((file) => {
  const { lines, origin } = link(file);
  const key = JSON.stringify(file.replace(/\.wgsl$/, ""));
  return `  ${key}: { code: ${JSON.stringify(lines.join("\n"))}, origin: ${JSON.stringify(origin)} },`;
});
const text = `// Made by scripts/embed-shaders.js from shaders/; do not edit.
export const shaders: Record<string, { readonly code: string; readonly origin: readonly string[] }> = {
${body.join("\n")}
};
`;
writeFileSync(join(root, "src/gpu/shaders.generated.ts"), text);

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
writeFileSync(
  join(root, "src/results/version.generated.ts"),
  `// Made by scripts/embed-shaders.js from package.json; do not edit.
export const packageVersion = ${JSON.stringify(version)};
`,
);
