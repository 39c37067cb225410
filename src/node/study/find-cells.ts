// Finished cells below an artifact root, and where the truth of each is.

import { readdir, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { InputError } from "../../errors.ts";
import { readJsonFile } from "../json-file.ts";

/** A result at `<artifact-root>/dose_<int>/<view>/<split>/ptychi_reconstruction.npz`. */
export interface FoundCell {
  readonly dose: number;
  readonly view: string;
  readonly split: string;
  readonly folder: string;
  readonly resultPath: string;
}

/** Roots that stand in for the paths which the cells recorded; null = as recorded. */
export interface TruthRoots {
  readonly artifactRoot: string;
  readonly phaseCRoot: string | null;
  readonly phaseDRoot: string | null;
  /** Folder that holds phase_c and phase_d. */
  readonly dataRoot: string | null;
}

const RESULT_NAME = "ptychi_reconstruction.npz";
const LARGEST_RUN_BYTES = 2 ** 28;
const VIEW_ORDER = ["baseline", "dense", "sparse"];
const SPLIT_ORDER = ["train", "test"];

/** All results below an artifact root in the study's order: dose, split, view. Throws InputError (66) without the root. */
export async function findCells(artifactRoot: string): Promise<FoundCell[]> {
  const cells: FoundCell[] = [];
  for (const doseName of await listFolders(artifactRoot, true)) {
    const match = /^dose_(\d+)$/.exec(doseName);
    if (!match) continue;
    for (const view of await listFolders(join(artifactRoot, doseName))) {
      for (const split of await listFolders(join(artifactRoot, doseName, view))) {
        const folder = join(artifactRoot, doseName, view, split);
        const resultPath = join(folder, RESULT_NAME);
        if (await isFile(resultPath)) cells.push({ dose: Number(match[1]), view, split, folder, resultPath });
      }
    }
  }
  return cells.sort(
    (a, b) =>
      a.dose - b.dose || compareNames(a.split, b.split, SPLIT_ORDER) || compareNames(a.view, b.view, VIEW_ORDER),
  );
}

/**
 * The file with the truth of a cell: below the roots that were given, else the input that its run.json records. A view
 * whose own file is gone has its truth in the Phase C file that it was cut from. Throws InputError (66), naming what was
 * looked for.
 */
export async function findTruth(cell: FoundCell, roots: TruthRoots): Promise<string> {
  const phaseC = roots.phaseCRoot ?? (roots.dataRoot === null ? null : join(roots.dataRoot, "phase_c"));
  const phaseD = roots.phaseDRoot ?? (roots.dataRoot === null ? null : join(roots.dataRoot, "phase_d"));
  const dose = `dose_${cell.dose}`;
  const candidates: string[] = [];
  if (phaseD !== null && cell.view !== "baseline") {
    candidates.push(join(phaseD, dose, cell.view, `${cell.view}_${cell.split}.npz`));
    candidates.push(join(phaseD, dose, cell.view, `${cell.split}.npz`));
  }
  if (phaseC !== null) candidates.push(join(phaseC, dose, `patched_${cell.split}.npz`));
  const recorded = await readInputPath(cell.folder);
  if (recorded !== null) {
    candidates.push(resolve(recorded));
    if (!isAbsolute(recorded)) {
      candidates.push(resolve(roots.artifactRoot, recorded), resolve(roots.artifactRoot, "..", recorded));
    }
  }
  for (const candidate of candidates) if (await isFile(candidate)) return candidate;
  throw new InputError(
    "COMPARE_TRUTH_MISSING",
    "the file with the truth was not found",
    {
      source: cell.folder,
      ...(candidates.length > 0
        ? { expected: candidates.join(" or ") }
        : { got: "no run.json with an input, and no root" }),
      remedy: "Say where the study's data are: --phase-c-root, --phase-d-root or --data-root",
    },
    66,
  );
}

/** `input.path` of a cell's run.json; null when there is no such file, or it does not say. */
async function readInputPath(folder: string): Promise<string | null> {
  const path = join(folder, "run.json");
  if (!(await isFile(path))) return null;
  const record = (await readJsonFile(path, LARGEST_RUN_BYTES)) as { input?: { path?: unknown } } | null;
  const input = record?.input?.path;
  return typeof input === "string" && input !== "" ? input : null;
}

async function listFolders(path: string, needed = false): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? "unknown error";
    const message = needed && code === "ENOENT" ? "no such artifact folder" : "the folder cannot be read";
    throw new InputError("INPUT_MISSING", message, { source: path, got: code, remedy: "Check the path" }, 66, cause);
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

function compareNames(a: string, b: string, order: readonly string[]): number {
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}
