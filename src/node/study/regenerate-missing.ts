// `--regenerate-missing`: makes the inputs that a plan lacks, and nothing else.

import { dirname } from "node:path";
import { InputError } from "../../errors.ts";
import { isPhaseC, type StudyCell } from "../../jobs/build-jobs.ts";
import type { StudySplit, StudyView } from "../../study/design.ts";
import { createOutputFolder } from "../output-folder.ts";
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
  /** Of positions and noise; null for a view of a Phase C file that was there. */
  readonly seed: number | null;
}

/** Cells whose input has to be made, Phase C first: views are cut from it. */
export function listMissing(plan: StudyPlan): readonly StudyCell[] {
  const missing = plan.cells.filter(({ status }) => status === "missing");
  return [...missing.filter(isPhaseC), ...missing.filter((cell) => !isPhaseC(cell))];
}

/**
 * Makes every missing input in its usual place. Throws InputError (66) when a Phase C file is missing and no record says
 * how the study was generated, or a view's Phase C file is missing too.
 */
export async function regenerateMissing(
  plan: StudyPlan,
  signal: AbortSignal,
  onFile: (made: RegeneratedInput) => void,
): Promise<RegeneratedInput[]> {
  const missing = listMissing(plan);
  if (missing.length === 0) return [];
  const root = dirname(plan.roots.phaseC);
  const known = await readRecipe(root);
  if (missing.some(isPhaseC) && !known) {
    throw new InputError(
      "STUDY_RECIPE",
      "a Phase C file cannot be made again: nothing says how the study was generated",
      {
        source: root,
        expected: "generate.json, as `ptycho study generate` writes it",
        remedy: "Generate the study anew with ptycho study generate, or bring the missing files",
      },
      66,
    );
  }
  const recipePlan = missing.some(isPhaseC) ? await planRecipe(known!.recipe) : null;
  const made: RegeneratedInput[] = [];
  for (const cell of missing) {
    const { dose, expectedNpz: path } = cell;
    const split = cell.split as StudySplit;
    await createOutputFolder(dirname(path));
    const shared = { path, dose, split, overwrite: false, signal };
    const written = isPhaseC(cell)
      ? await regeneratePhaseC({ ...shared, recipe: known!.recipe, plan: recipePlan! })
      : await regeneratePhaseD({
          ...shared,
          phaseCPath: phaseCOf(plan, cell),
          view: cell.view as StudyView,
          viewRule: known?.viewRule ?? "v2",
        });
    const seed = known?.recipe.seed ?? null;
    const entry = { dose, view: cell.view, split, path, sha256: written.sha256, seed };
    made.push(entry);
    onFile(entry);
  }
  return made;
}

/** Where the Phase C file of a view is, or has just been made. */
function phaseCOf(plan: StudyPlan, view: StudyCell): string {
  const baseline = plan.cells.find((cell) => isPhaseC(cell) && cell.dose === view.dose && cell.split === view.split)!;
  return baseline.inputNpz ?? baseline.expectedNpz;
}
