// Where a Chromium for the tests of the page is: PTYCHO_CHROMIUM, the development package's (Linux on x86-64), the system's.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findSwiftshaderPackage } from "../../src/node/gpu-swiftshader.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const APPLICATIONS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

export type FoundChromium =
  | { readonly kind: "program"; readonly path: string }
  /** Archives that have to be unpacked. */
  | { readonly kind: "package"; readonly folder: string; readonly version: string };

/** Null when there is none: then `npm test` leaves the tests in browsers out. */
export function findChromium(): FoundChromium | null {
  const given = process.env.PTYCHO_CHROMIUM;
  if (given) return { kind: "program", path: given };
  const found = process.platform === "linux" && process.arch === "x64" ? findSwiftshaderPackage() : null;
  if (found) return { kind: "package", folder: found.folder, version: found.version };
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...APPLICATIONS];
  const path = paths.find((candidate) => existsSync(candidate));
  return path ? { kind: "program", path } : null;
}
