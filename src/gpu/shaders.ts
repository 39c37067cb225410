// Shaders by name, with the files they include (`//!include lib/x.wgsl`, each once) put in.

import { shaderTexts } from "./shaders.generated.ts";

/** WGSL, and for every line of it the file and line it came from. */
export interface Shader {
  readonly code: string;
  readonly origin: readonly string[];
}

/**
 * All but the library, by path below shaders/ without its ending. Parts (shaders/parts) are joined to a kernel when it is
 * compiled: one FFT pass serves every radix. Those in shaders/pictures draw instead of computing.
 */
export const shaders: Record<string, Shader> = Object.fromEntries(
  Object.keys(shaderTexts)
    .filter((name) => !name.startsWith("lib/"))
    .map((name) => [name, linkShader(name)]),
);

function linkShader(name: string): Shader {
  const lines: string[] = [];
  const origin: string[] = [];
  const seen = new Set<string>();
  const add = (file: string): void => {
    seen.add(file);
    for (const [index, line] of shaderTexts[file]!.split("\n").entries()) {
      const included = /^\/\/!include (\S+)\.wgsl$/.exec(line)?.[1];
      if (included === undefined) {
        lines.push(line);
        origin.push(`shaders/${file}.wgsl:${index + 1}`);
      } else if (!seen.has(included)) add(included);
    }
  };
  add(name);
  return { code: lines.join("\n"), origin };
}
