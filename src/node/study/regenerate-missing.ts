// `--regenerate-missing`: makes the inputs that the selected cells lack, and nothing else.

import { dirname, resolve } from "node:path";
import { InputError } from "../../errors.ts";
import { isPhaseC, type StudyCell } from "../../jobs/build-jobs.ts";
import { firstRejection } from "../../jobs/filters.ts";
import { type StudySplit, type StudyView, studyViews } from "../../study/design.ts";
import type { PhaseCPlan } from "../../study/phase-c.ts";
import type { WrittenFile } from "../atomic-write.ts";
import { planRecipe } from "./generate.ts";
import type { StudyPlan } from "./plan-study.ts";
import { readRecipe, regeneratePhaseC, regeneratePhaseD } from "./regenerate.ts";

/** A file that was made because it was missing. */
export interface RegeneratedInput {
  readonly dose: number;
  readonly view: string;
  readonly split: "train" | "test";
  readonly path: string;
  readonly sha256: string;
  /** Of positions and noise, as generate.json has it; null without one. */
  readonly seed: number | null;
}

/** Cells that the call selects, or would if their input were there. */
export function listWanted({ cells, filters }: StudyPlan): readonly StudyCell[] {
  return cells.filter((cell) => firstRejection(cell, filters) === null).slice(0, filters.maxJobs ?? cells.length);
}

/** Cells whose input has to be made, Phase C first: views are cut from it, whether or not it is wanted itself. */
export function listMissing(plan: StudyPlan): readonly StudyCell[] {
  const wanted = listWanted(plan).filter(({ status }) => status === "missing");
  const views = wanted.filter((cell) => !isPhaseC(cell));
  const sources = new Set([...wanted.filter(isPhaseC), ...views.map((view) => sourceOf(plan, view))]);
  return [...plan.cells.filter((cell) => sources.has(cell) && cell.status === "missing"), ...views];
}

/**
 * Makes what `listMissing` lists, in its usual place; the data is the caller's alone. A view that its rule refuses stays missing, with a remark. Throws InputError
 * (66) when a Phase C file is missing and nothing says how the study was generated, and AbortError.
 */
export async function* regenerateMissing(
  plan: StudyPlan,
  signal: AbortSignal,
  remark: (text: string) => void,
): AsyncGenerator<RegeneratedInput> {
  const missing = listMissing(plan);
  if (missing.length === 0) return;
  const root = dirname(plan.roots.phaseC);
  const known = await readRecipe(root);
  const recipePlan = missing.some(isPhaseC) ? await planPhaseC(root, known) : null;
  for (const cell of missing) {
    signal.throwIfAborted();
    const { dose, view, expectedNpz: path } = cell;
    const split = cell.split as StudySplit;
    const shared = { path, dose, split, overwrite: false, signal };
    let written: WrittenFile;
    if (isPhaseC(cell)) {
      written = await regeneratePhaseC({ ...shared, recipe: known!.recipe, plan: recipePlan! });
    } else {
      try {
        const viewRule = known?.viewRule ?? "v2";
        const task = { ...shared, phaseCPath: sourcePath(plan, cell), view: knownView(view), viewRule };
        written = await regeneratePhaseD(task);
      } catch (error) {
        if (!(error instanceof InputError) || !REFUSED_VIEW.includes(error.code)) throw error;
        remark(`${path} cannot be made: ${error.message}`);
        continue;
      }
    }
    const first = known?.record.files.find((file) => resolve(root, file.path) === resolve(path));
    if (first && first.sha256 !== written.sha256) remark(`${path} is not the file that was generated first`);
    yield { dose, view, split, path, sha256: written.sha256, seed: known?.recipe.seed ?? null };
  }
}

/** Codes of views that a rule refuses for a scan. */
const REFUSED_VIEW = ["STUDY_SPACING", "DATA_GEOMETRY", "STUDY_VIEW"];

async function planPhaseC(root: string, known: Awaited<ReturnType<typeof readRecipe>>): Promise<PhaseCPlan> {
  const refuse = (message: string, expected: string, got?: string) => {
    const remedy = "Generate the study anew with ptycho study generate, or bring the missing files";
    const details = { source: root, expected, ...(got === undefined ? {} : { got }), remedy };
    return new InputError("STUDY_RECIPE", `a Phase C file cannot be made again: ${message}`, details, 66);
  };
  if (!known) {
    throw refuse("nothing says how the study was generated", "generate.json, as `ptycho study generate` writes it");
  }
  const plan = await planRecipe(known.recipe);
  const { sha256 } = known.record.base;
  if (sha256 === plan.base.sha256) return plan;
  throw refuse("the base is not the one of the study", `SHA-256 ${sha256}`, String(plan.base.sha256));
}

function knownView(name: string): StudyView {
  if ((studyViews as readonly string[]).includes(name)) return name as StudyView;
  throw new InputError("STUDY_VIEW", "there is no rule for this view", { got: name, expected: studyViews.join(", ") });
}

/** The cell whose Phase C file a view is cut from. */
function sourceOf(plan: StudyPlan, view: StudyCell): StudyCell {
  return plan.cells.find((cell) => isPhaseC(cell) && cell.dose === view.dose && cell.split === view.split)!;
}

/** Where that file is, or has just been made. */
function sourcePath(plan: StudyPlan, view: StudyCell): string {
  const source = sourceOf(plan, view);
  return source.inputNpz ?? source.expectedNpz;
}
