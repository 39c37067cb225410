// Where a Chromium for the tests of the page is: PTYCHO_CHROMIUM, the development package's, the
// system's; on Linux.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findSwiftshaderPackage } from "../../src/node/gpu-swiftshader.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

export type FoundChromium =
  | { readonly kind: "program"; readonly path: string }
  /** Archives that have to be unpacked. */
  | { readonly kind: "package"; readonly folder: string; readonly version: string };

/** Null when there is none: then `npm test` leaves the tests in browsers out. */
export function findChromium(): FoundChromium | null {
  const given = process.env.PTYCHO_CHROMIUM;
  if (given) return { kind: "program", path: given };
  // elsewhere neither Node nor the page has SwiftShader, on which both are compared
  if (process.platform !== "linux") return null;
  const found = process.arch === "x64" ? findSwiftshaderPackage() : null;
  if (found) return { kind: "package", folder: found.folder, version: found.version };
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const path = paths.find((candidate) => existsSync(candidate));
  return path ? { kind: "program", path } : null;
}
