// One missing file of a study made again: the same bytes as a whole generation with the same recipe writes.

import type { StudySplit, StudyView, ViewRule } from "../../study/design.ts";
import { studyLayout } from "../../study/layout.ts";
import type { PhaseCPlan } from "../../study/phase-c.ts";
import type { WrittenFile } from "../atomic-write.ts";
import { planRecipe, type StudyRecipe } from "./generate.ts";
import { type GenerateRecord, readGenerateRecord } from "./generate-record.ts";
import { type WriteHooks, type WrittenView, writeSplitFile, writeViewFile } from "./generated-files.ts";

/** A Phase C file to be made. */
export interface SplitTask extends WriteHooks {
  readonly path: string;
  readonly dose: number;
  readonly split: StudySplit;
  readonly recipe: StudyRecipe;
  /** The recipe's plan, when several files are made: planning takes seconds. */
  readonly plan?: PhaseCPlan;
}

/** A Phase D file to be made from a Phase C file that is there. */
export interface ViewTask extends WriteHooks {
  readonly path: string;
  readonly phaseCPath: string;
  readonly dose: number;
  readonly view: StudyView;
  readonly split: StudySplit;
  readonly viewRule: ViewRule;
}

/** Writes `patched_<split>.npz` of a dose to `path`. Throws as `generateStudy`. */
export async function regeneratePhaseC(task: SplitTask): Promise<WrittenFile> {
  const plan = task.plan ?? (await planRecipe(task.recipe));
  return await writeSplitFile(task.path, plan, task.dose, task.split, task);
}

/** Writes a view of `phaseCPath` to `path`. Throws InputError STUDY_SPACING when the rule v1 refuses the view. */
export function regeneratePhaseD(task: ViewTask): Promise<WrittenView> {
  const { view, split } = task;
  const request = { rule: task.viewRule, view, split, sourceFile: studyLayout.splitFile(task.dose, split) };
  return writeViewFile(task.path, task.phaseCPath, request, task);
}

/** The recipe that a study root was made with; null when it has no record. */
export async function readRecipe(
  outputRoot: string,
): Promise<{ recipe: StudyRecipe; viewRule: ViewRule; record: GenerateRecord } | null> {
  const record = await readGenerateRecord(outputRoot);
  if (record === null) return null;
  const { base, scale, seeds, with_patches, view_rule } = record;
  const recipe = { basePath: base.path, scale, seed: seeds.simulation, withPatches: with_patches };
  return { recipe, viewRule: view_rule, record };
}
