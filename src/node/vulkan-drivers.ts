// Finds Vulkan drivers on this machine: manifests (ICD files) where the loader looks, an unpacked lavapipe,
// SwiftShader of the npm package or of an installed browser. Finds and reads; loads nothing.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { arch, homedir, platform } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { findSwiftshaderPackage, unpackSwiftshader } from "./gpu-swiftshader.ts";

/** What the search depends on; tests give their own. */
export interface DriverSurroundings {
  readonly platform: string;
  readonly arch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Put before every absolute path outside `home`, for tests; "" on a real machine. */
  readonly root: string;
  /** Folder of the SwiftShader npm package; null = not installed. */
  readonly swiftshaderPackage: { readonly folder: string; readonly version: string } | null;
}

/** Files a driver is made of. */
export interface DriverFiles {
  /** ICD manifest to name in VK_DRIVER_FILES; null = what the loader finds itself. */
  readonly manifest: string | null;
  /** A Vulkan loader that comes with the driver. */
  readonly loader: string | null;
  /** Where the driver's own libraries lie when the system does not know that folder. */
  readonly libraryFolder: string | null;
}

export type DriverName = "system" | "user" | "lavapipe" | "swiftshader" | "manifest";

/** A driver that may give an adapter. */
export interface DriverCandidate {
  readonly name: DriverName;
  /** In words, e.g. "SwiftShader from @sparticuz/chromium 147.0.0". */
  readonly title: string;
  /** True when it can only be a software driver. */
  readonly softwareOnly: boolean;
  /** True when the loader finds it by itself too, as part of the candidate "system". */
  readonly inSystem: boolean;
  /** Gives the files, unpacked when needed. */
  locate(): Promise<DriverFiles>;
}

/** A driver looked for and not found. */
export interface MissingDriver {
  readonly name: DriverName;
  readonly reason: string;
}

export interface DriverSearch {
  readonly candidates: readonly DriverCandidate[];
  readonly missing: readonly MissingDriver[];
  /** Manifests in the loader's folders. */
  readonly systemManifests: readonly string[];
}

/** What an ICD manifest says. */
export interface DriverManifest {
  readonly path: string;
  /** Absolute path, or a bare name for the system's search path; null when the file cannot be read. */
  readonly library: string | null;
  readonly apiVersion: string | null;
}

/** This machine. */
export function currentSurroundings(): DriverSurroundings {
  return {
    platform: platform(),
    arch: arch(),
    env: process.env,
    home: homedir(),
    root: "",
    swiftshaderPackage: findSwiftshaderPackage(),
  };
}

/** Lists all drivers in the order in which they are tried: the system's (or the user's choice), lavapipe, SwiftShader. */
export function findDrivers(around: DriverSurroundings = currentSurroundings()): DriverSearch {
  if (around.platform !== "linux") {
    // Metal and Direct3D 12 come with the system; Dawn picks them without a Vulkan loader.
    return { candidates: [candidate("system", "the system's driver", noFiles)], missing: [], systemManifests: [] };
  }
  const systemManifests = manifestFolders(around).flatMap(listManifests);
  const candidates: DriverCandidate[] = [];
  const missing: MissingDriver[] = [];
  const chosen = userManifests(around.env);
  if (chosen.length > 0) {
    const variable = around.env.VK_DRIVER_FILES ? "VK_DRIVER_FILES" : "VK_ICD_FILENAMES";
    candidates.push(candidate("user", `${variable}=${chosen.join(delimiter)}`, noFiles));
  } else candidates.push(candidate("system", "the system's Vulkan", noFiles));
  addLavapipe(around, [...chosen, ...systemManifests], candidates, missing);
  addSwiftshader(around, candidates, missing);
  return { candidates, missing, systemManifests };
}

/** Manifests of VK_DRIVER_FILES (files or folders), or of its older name VK_ICD_FILENAMES. */
export function userManifests(env: DriverSurroundings["env"]): string[] {
  const entries = (env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES || "").split(delimiter).filter(Boolean);
  return entries.flatMap((entry) =>
    statSync(entry, { throwIfNoEntry: false })?.isDirectory() ? listManifests(entry) : entry,
  );
}

/** A driver given by its manifest; its libraries are also looked for in the manifest's folder when it is `manifest`. */
export function manifestCandidate(path: string, name: "manifest" | "system" | "user" = "manifest"): DriverCandidate {
  const libraryFolder = name === "manifest" ? dirname(path) : null;
  return candidate(name, path, async () => ({ manifest: path, loader: null, libraryFolder }));
}

/** Reads an ICD manifest; an unreadable one has library null. */
export function readManifest(path: string): DriverManifest {
  try {
    const icd = (JSON.parse(readFileSync(path, "utf8")) as { ICD?: Record<string, unknown> }).ICD ?? {};
    const library = typeof icd.library_path === "string" ? icd.library_path : null;
    const apiVersion = typeof icd.api_version === "string" ? icd.api_version : null;
    if (library === null || isAbsolute(library) || !library.includes("/")) return { path, library, apiVersion };
    return { path, library: join(dirname(path), library), apiVersion };
  } catch {
    return { path, library: null, apiVersion: null };
  }
}

/** Version of Mesa that a driver library was built from, e.g. "22.3.6"; null when the file does not say. */
export function readMesaVersion(library: string): string | null {
  try {
    const text = readFileSync(library).toString("latin1");
    return /Mesa (\d+\.\d+\.\d+)/.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
}

/** First path of `library` in the system's usual library folders; itself when absolute; null when not there. */
export function resolveLibrary(library: string, around: DriverSurroundings = currentSurroundings()): string | null {
  if (isAbsolute(library)) return isFile(library) ? library : null;
  const triplet = around.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const folders = [
    ...(around.env.LD_LIBRARY_PATH ?? "").split(delimiter).filter(Boolean),
    ...[`/usr/lib/${triplet}`, `/lib/${triplet}`, "/usr/lib64", "/lib64", "/usr/lib", "/usr/local/lib"].map(
      (folder) => around.root + folder,
    ),
  ];
  return folders.map((folder) => join(folder, library)).find(isFile) ?? null;
}

/**
 * The library that a manifest means, as a path that exists; else null. A package that was unpacked instead of installed
 * has it under its own root: such a driver does not load, but its version tells why it would not do.
 */
export function findManifestLibrary(
  manifest: string,
  around: DriverSurroundings = currentSurroundings(),
): string | null {
  const { library } = readManifest(manifest);
  if (library === null) return null;
  const unpackedRoot = /^(.*)\/(usr(\/local)?\/share|etc)\/vulkan\/icd\.d\//.exec(manifest)?.[1];
  return resolveLibrary(library, around) ?? (unpackedRoot ? resolveLibrary(unpackedRoot + library, around) : null);
}

function addLavapipe(
  around: DriverSurroundings,
  manifests: readonly string[],
  candidates: DriverCandidate[],
  missing: MissingDriver[],
): void {
  const folder = around.env.PTYCHO_LAVAPIPE;
  const unpacked = folder ? findUnpackedLavapipe(folder) : null;
  if (unpacked) candidates.push(candidate("lavapipe", `lavapipe in ${folder}`, async () => unpacked));
  else if (folder)
    missing.push({
      name: "lavapipe",
      reason: `PTYCHO_LAVAPIPE=${folder} holds no libvulkan_lvp.so with its lvp_icd*.json`,
    });
  const installed = manifests.filter((path) => /(^|\/)lvp_icd[^/]*\.json$/.test(path));
  for (const manifest of installed)
    candidates.push(
      candidate(
        "lavapipe",
        `lavapipe of ${manifest}`,
        async () => ({ manifest, loader: null, libraryFolder: null }),
        true,
      ),
    );
  if (!folder && installed.length === 0)
    missing.push({ name: "lavapipe", reason: "no lvp_icd*.json among the Vulkan drivers of this system" });
}

function addSwiftshader(around: DriverSurroundings, candidates: DriverCandidate[], missing: MissingDriver[]): void {
  const found = around.swiftshaderPackage;
  if (!found) missing.push({ name: "swiftshader", reason: "the npm package @sparticuz/chromium is not installed" });
  else if (around.arch !== "x64")
    missing.push({ name: "swiftshader", reason: `@sparticuz/chromium has no ${around.arch} build` });
  else
    candidates.push(
      candidate("swiftshader", `SwiftShader from @sparticuz/chromium ${found.version}`, () =>
        unpackSwiftshader(found, around.env, around.home),
      ),
    );
  const browsers = browserFolders(around).filter((folder) => isFile(join(folder, "vk_swiftshader_icd.json")));
  for (const folder of browsers)
    candidates.push(
      candidate("swiftshader", `SwiftShader of ${folder}`, async () => ({
        manifest: join(folder, "vk_swiftshader_icd.json"),
        loader: isFile(join(folder, "libvulkan.so.1")) ? join(folder, "libvulkan.so.1") : null,
        libraryFolder: folder,
      })),
    );
  if (browsers.length === 0)
    missing.push({ name: "swiftshader", reason: "no installed Chromium or Chrome with libvk_swiftshader.so" });
}

/** Folders that the Vulkan loader searches for manifests on Linux (its documentation, "Driver Discovery"). */
function manifestFolders(around: DriverSurroundings): string[] {
  const list = (name: string, standard: string) => (around.env[name] || standard).split(delimiter).filter(Boolean);
  const system = [
    ...list("XDG_CONFIG_DIRS", "/etc/xdg"),
    "/etc",
    ...list("XDG_DATA_DIRS", "/usr/local/share:/usr/share"),
    "/run/opengl-driver/share", // NixOS
  ].map((folder) => around.root + folder);
  const own = [
    around.env.XDG_CONFIG_HOME || join(around.home, ".config"),
    around.env.XDG_DATA_HOME || join(around.home, ".local/share"),
  ];
  return [...new Set([...own, ...system].map((folder) => join(folder, "vulkan/icd.d")))];
}

function browserFolders(around: DriverSurroundings): string[] {
  const fixed = [
    "/usr/lib/chromium",
    "/usr/lib/chromium-browser",
    "/usr/lib64/chromium-browser",
    "/opt/google/chrome",
    "/opt/google/chrome-beta",
    "/opt/chromium.org/chromium",
    "/opt/microsoft/msedge",
    "/opt/brave.com/brave",
    "/snap/chromium/current/usr/lib/chromium-browser",
  ].map((folder) => around.root + folder);
  const cache = around.env.XDG_CACHE_HOME || join(around.home, ".cache");
  const playwright = around.env.PLAYWRIGHT_BROWSERS_PATH || join(cache, "ms-playwright");
  const puppeteer = join(cache, "puppeteer/chrome");
  return [
    ...fixed,
    ...newestFirst(playwright).flatMap((folder) => [join(folder, "chrome-linux"), join(folder, "chrome-linux64")]),
    ...newestFirst(puppeteer).map((folder) => join(folder, "chrome-linux64")),
  ];
}

/** The layout that dpkg -x gives (tools/lavapipe.sh), or a plain folder with the driver. */
function findUnpackedLavapipe(folder: string): DriverFiles | null {
  const inside = ["usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib", "lib", "."];
  const libraryFolder = inside.map((path) => join(folder, path)).find((path) => isFile(join(path, "libvulkan_lvp.so")));
  if (!libraryFolder) return null;
  const manifests = [folder, join(folder, "usr/share/vulkan/icd.d")].flatMap(listManifests);
  const library = join(libraryFolder, "libvulkan_lvp.so");
  // A manifest with another path is for a system where the package is installed; a bare name finds the preloaded one.
  const manifest = manifests.find((path) => [library, "libvulkan_lvp.so"].includes(readManifest(path).library ?? ""));
  if (!manifest) return null;
  const loader = join(libraryFolder, "libvulkan.so.1");
  return { manifest, loader: isFile(loader) ? loader : null, libraryFolder };
}

function candidate(
  name: DriverName,
  title: string,
  locate: () => Promise<DriverFiles>,
  inSystem = name === "system" || name === "user",
): DriverCandidate {
  return { name, title, softwareOnly: name === "lavapipe" || name === "swiftshader", inSystem, locate };
}

async function noFiles(): Promise<DriverFiles> {
  return { manifest: null, loader: null, libraryFolder: null };
}

function listManifests(folder: string): string[] {
  return listFolder(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(folder, name));
}

function newestFirst(folder: string): string[] {
  return listFolder(folder)
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .map((name) => join(folder, name));
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
