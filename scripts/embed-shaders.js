// Embeds shaders/**/*.wgsl without their comments in src/gpu/shaders.generated.ts, so that Node, bundlers and plain pages
// load them alike; src/gpu/shaders.ts puts the included files in. Lines keep their numbers. An unknown include fails the
// build. The package's version goes into src/results/version.generated.ts, because a browser cannot read package.json.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "shaders");

const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".wgsl"))
  .map((name) => name.replaceAll("\\", "/"))
  .sort();

/** The text of a shader; comments are for those who read shaders/, not for those who load a page. */
function readShader(file) {
  const lines = readFileSync(join(folder, file), "utf8").split("\n");
  for (const [index, line] of lines.entries()) {
    const include = /^\/\/!include (\S+)$/.exec(line)?.[1];
    if (include) {
      if (!include.startsWith("lib/") || !files.includes(include))
        throw new Error(`shaders/${file}:${index + 1}: includes come from shaders/lib, got ${include}`);
    } else lines[index] = line.replace(/\/\/.*$/, "").trimEnd();
  }
  return lines.join("\n");
}

const entries = files.map(
  (file) => `  ${JSON.stringify(file.replace(/\.wgsl$/, ""))}: ${JSON.stringify(readShader(file))},`,
);
writeFileSync(
  join(root, "src/gpu/shaders.generated.ts"),
  `// Made by scripts/embed-shaders.js from shaders/; do not edit.
export const shaderTexts: Readonly<Record<string, string>> = {
${entries.join("\n")}
};
`,
);

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
writeFileSync(
  join(root, "src/results/version.generated.ts"),
  `// Made by scripts/embed-shaders.js from package.json; do not edit.
export const packageVersion = ${JSON.stringify(version)};
`,
);
