// Where the study's files are on this machine: roots from flags, from --data-root or from the manifest, and the mapping of
// the manifest's paths onto them.

import { OptionsError } from "../errors.ts";
import type { TrainingManifest } from "./manifest.ts";
import {
  formatPath,
  isAbsolutePath,
  isSamePath,
  joinPath,
  parentPath,
  parsePath,
  partsBelow,
  resolvePath,
} from "./paths.ts";

/** What stands at a path, links followed. */
export type PathKind = "file" | "folder" | "other" | "nothing" | "unreadable";

/** The only question that building jobs asks a file system. */
export interface FileLookup {
  kindOf(path: string): PathKind;
}

/** What the caller said about places; null = nothing. Paths are absolute or relative to where the lookup stands. */
export interface RootChoices {
  /** Folder that holds phase_c, phase_d and phase_e. */
  readonly dataRoot: string | null;
  readonly phaseCRoot: string | null;
  readonly phaseDRoot: string | null;
  /** Where results go. */
  readonly artifactRoot: string | null;
  /** Folder of the manifest's file. */
  readonly manifestFolder: string | null;
  /** The process's working folder. */
  readonly workingFolder: string;
}

/** Roots on this machine. */
export interface StudyRoots {
  readonly phaseC: string;
  readonly phaseD: string;
  readonly artifact: string;
  /** Folder that the manifest's relative paths are relative to. */
  readonly base: string;
  /** The manifest's roots and what stands for them here; longest first. */
  readonly mappings: readonly { readonly from: string; readonly to: string }[];
}

/**
 * Roots by rule: an explicit one wins; else `dataRoot`/phase_c (phase_d, phase_e); else the manifest's own. Relative paths
 * of the manifest are read from the first of these folders under which most of its files exist: the folder from which
 * its own artifact_root leads to it, its own folder, `dataRoot`, the working folder. The artifact root is by default phase_f,
 * in `dataRoot` or beside the Phase D root. Throws OptionsError (exit 2) when a root is unknown.
 */
export function resolveRoots(manifest: TrainingManifest | null, choices: RootChoices, lookup: FileLookup): StudyRoots {
  const bases = listBases(manifest, choices);
  let best: StudyRoots | null = null;
  let bestCount = -1;
  for (const base of bases) {
    const roots = rootsFrom(base, manifest, choices);
    const count = bases.length === 1 || !manifest ? 0 : countFiles(manifest, roots, lookup);
    if (count > bestCount) [best, bestCount] = [roots, count];
  }
  return best!;
}

/** Where a path of the manifest may be here, likeliest first. A path below none of its roots is taken as it is. */
export function rebasePath(path: string, roots: Pick<StudyRoots, "base" | "mappings">): readonly string[] {
  const found = roots.mappings.flatMap(({ from, to }) => {
    const below = partsBelow(from, path);
    return below === null ? [] : [joinPath(to, ...below)];
  });
  if (found.length > 0) return [...new Set(found)];
  return [isAbsolutePath(path) ? formatPath(parsePath(path)) : resolvePath(roots.base, path)];
}

function rootsFrom(base: string, manifest: TrainingManifest | null, choices: RootChoices): StudyRoots {
  const { dataRoot } = choices;
  const own = (path: string | null, folder: string): string | null => {
    if (dataRoot !== null) return joinPath(dataRoot, folder);
    return path === null ? null : resolvePath(base, path);
  };
  const phaseC = choices.phaseCRoot ?? own(manifest?.phaseCRoot ?? null, "phase_c") ?? unknownRoot("--phase-c-root");
  const phaseD = choices.phaseDRoot ?? own(manifest?.phaseDRoot ?? null, "phase_d") ?? unknownRoot("--phase-d-root");
  const pairs: (readonly [string | null | undefined, string | null])[] = [
    [manifest?.phaseCRoot, phaseC],
    [manifest?.phaseDRoot, phaseD],
    [manifest?.artifactRoot, own(manifest?.artifactRoot ?? null, "phase_e")],
  ];
  const mappings = pairs.flatMap(([from, to]) => (from != null && to !== null ? [{ from, to }] : []));
  mappings.sort((a, b) => parsePath(b.from).parts.length - parsePath(a.from).parts.length);
  const artifact = choices.artifactRoot ?? joinPath(dataRoot ?? parentPath(phaseD), "phase_f");
  return { phaseC, phaseD, artifact, base, mappings };
}

function listBases(manifest: TrainingManifest | null, choices: RootChoices): string[] {
  const { manifestFolder, dataRoot, workingFolder } = choices;
  if (!manifest || manifestFolder === null) return [workingFolder];
  const paths = [manifest.phaseCRoot, manifest.phaseDRoot, manifest.artifactRoot];
  paths.push(...manifest.jobs.flatMap((job) => [job.train_data_path, job.test_data_path]));
  if (paths.every((path) => path === null || isAbsolutePath(path))) return [manifestFolder];
  const bases = [startFolder(manifest.artifactRoot, manifestFolder), manifestFolder, dataRoot, workingFolder];
  const known = bases.filter((base) => base !== null);
  return known.filter((base, index) => known.findIndex((other) => isSamePath(other, base)) === index);
}

/** The folder from which the relative `artifactRoot` leads to the manifest's folder; null when there is none. */
function startFolder(artifactRoot: string | null, manifestFolder: string): string | null {
  if (artifactRoot === null || isAbsolutePath(artifactRoot)) return null;
  const inner = parsePath(artifactRoot).parts;
  const outer = parsePath(manifestFolder);
  const start = outer.parts.length - inner.length;
  if (inner.length === 0 || start < 0 || inner.some((part, index) => outer.parts[start + index] !== part)) return null;
  return formatPath({ ...outer, parts: outer.parts.slice(0, start) });
}

function countFiles(manifest: TrainingManifest, roots: StudyRoots, lookup: FileLookup): number {
  const paths = manifest.jobs.flatMap((job) => [job.train_data_path, job.test_data_path]);
  return paths.filter((path) => rebasePath(path, roots).some((place) => lookup.kindOf(place) === "file")).length;
}

function unknownRoot(flag: string): never {
  throw new OptionsError(
    "CLI_USAGE",
    `${flag} is needed: neither a manifest nor --data-root says where these files are`,
    { remedy: "Give --training-manifest, --data-root, or both --phase-c-root and --phase-d-root" },
    2,
  );
}
