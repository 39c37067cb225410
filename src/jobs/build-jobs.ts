// The job builder: every cell of the grid is exactly one of selected, filtered, missing (study.md 5.1 to 5.4, lesson 7).
// Pure: what exists is asked of a lookup.

import { InputError, OptionsError } from "../errors.ts";
import { findNearestName } from "../options-issue.ts";
import {
  baselineView,
  doseFolder,
  formatFloat,
  type GridPlace,
  listGrid,
  listViews,
  type StudyDesign,
} from "./design.ts";
import {
  type FilterName,
  filterNames,
  firstRejection,
  type JobFilters,
  rejectionText,
  requestedText,
} from "./filters.ts";
import { type CellNote, findInput, type InputSearch, inputNames } from "./find-input.ts";
import type { TrainingManifest } from "./manifest.ts";
import { joinPath } from "./paths.ts";
import type { FileLookup, StudyRoots } from "./roots.ts";
import { deriveSeed } from "./seeds.ts";

export type CellStatus = "selected" | "filtered" | "missing";

/** One cell of the grid and what becomes of it. */
export interface StudyCell extends GridPlace {
  readonly status: CellStatus;
  /** Null for selected cells. */
  readonly reason: string | null;
  /** The filter that rejected it; null unless filtered. */
  readonly filter: FilterName | null;
  /** Null when missing. */
  readonly inputNpz: string | null;
  /** Where its input should be. */
  readonly expectedNpz: string;
  readonly lookedFor: readonly string[];
  readonly outputDir: string;
  /** Uint32, see `deriveSeed`. */
  readonly seed: number;
  readonly notes: readonly CellNote[];
}

/** A reconstruction to run: a selected cell. */
export interface ReconstructionJob extends GridPlace {
  readonly inputNpz: string;
  readonly outputDir: string;
  readonly algorithm: "LSQML";
  readonly numEpochs: number;
  readonly seed: number;
  /** The same job by hand. */
  readonly cliArgs: readonly string[];
}

/** One filter at work: how many of the present inputs it left. */
export interface FilterStep {
  readonly name: FilterName;
  readonly requested: string;
  readonly before: number;
  readonly after: number;
}

/** Numbers of a plan; selected + filtered + missing = cells. */
export interface PlanTotals {
  readonly cells: number;
  readonly selected: number;
  readonly filtered: number;
  readonly missing: number;
  /** filtered + missing. */
  readonly skipped: number;
  /** Cells whose input exists, before filters. */
  readonly totalJobs: number;
  readonly missingPhaseC: number;
  readonly missingPhaseD: number;
}

/** All that building jobs gives. */
export interface JobPlan {
  /** Every cell, in the study's order. */
  readonly cells: readonly StudyCell[];
  /** The selected cells, in the same order. */
  readonly jobs: readonly ReconstructionJob[];
  readonly filters: JobFilters;
  readonly filterSteps: readonly FilterStep[];
  readonly totals: PlanTotals;
  readonly roots: StudyRoots;
  readonly baseSeed: number;
  /** About the manifest and the plan as a whole. */
  readonly notes: readonly string[];
}

/** Numbers that every job of a call shares. */
export interface JobSettings {
  /** Uint32; cells derive theirs from it. Default 0. */
  readonly baseSeed?: number;
  /** Default 100. */
  readonly numEpochs?: number;
}

/**
 * Builds the plan. The manifest says where inputs are and explains, it never classifies; without one the roots alone give
 * the same grid. A cell whose input is missing is missing even when a filter would reject it too. Throws OptionsError:
 * MANIFEST_VALUE (exit 78) for a view that the design lacks.
 */
export function buildJobs(
  manifest: TrainingManifest | null,
  design: StudyDesign,
  filters: JobFilters,
  roots: StudyRoots,
  lookup: FileLookup,
  settings: JobSettings = {},
): JobPlan {
  const { baseSeed = 0, numEpochs = 100 } = settings;
  if (manifest) refuseUnknownViews(manifest, design);
  let selectedSoFar = 0;
  const cells = listGrid(design).map((place): StudyCell => {
    const search = findInput(place, manifest, roots, lookup);
    const present = search.path !== null;
    let filter = present ? firstRejection(place, filters) : null;
    if (present && filter === null) {
      if (filters.maxJobs !== null && selectedSoFar >= filters.maxJobs) filter = "max-jobs";
      else selectedSoFar++;
    }
    return {
      ...place,
      status: !present ? "missing" : filter ? "filtered" : "selected",
      reason: !present ? missingReason(place, search) : filter ? rejectionText(filter, filters) : null,
      filter,
      inputNpz: search.path,
      expectedNpz: search.expected,
      lookedFor: search.lookedFor,
      outputDir: joinPath(roots.artifact, doseFolder(place.dose), place.view, place.split),
      seed: deriveSeed(baseSeed, place.dose, place.view, place.split),
      notes: search.notes,
    };
  });
  return {
    cells,
    jobs: cells.filter(({ status }) => status === "selected").map((cell) => jobOf(cell, numEpochs)),
    filters,
    filterSteps: countFilterSteps(cells, filters),
    totals: countCells(cells),
    roots,
    baseSeed,
    notes: [...(manifest?.notes ?? []), ...noteDoses(manifest, design, filters)],
  };
}

/** Which missing inputs a call forgives. */
export interface AllowedGaps {
  readonly phaseC: boolean;
  readonly phaseD: boolean;
}

/**
 * Strict mode: throws InputError (INPUT_MISSING, exit 66) by name when an input is missing that is not forgiven, whatever
 * the filters. The whole plan is looked at first: all that is missing is named.
 */
export function assertInputsPresent(plan: Pick<JobPlan, "cells">, allowed: AllowedGaps): void {
  const forgiven = (cell: StudyCell) => (isPhaseC(cell) ? allowed.phaseC : allowed.phaseD);
  const missing = plan.cells.filter((cell) => cell.status === "missing" && !forgiven(cell));
  const first = missing[0];
  if (!first) return;
  const message = isPhaseC(first)
    ? `Phase C baseline NPZ not found: ${first.expectedNpz}. Expected from Phase C patching`
    : `Phase D overlap NPZ not found: ${first.expectedNpz}. Expected from Phase D overlap filtering`;
  const others = missing.slice(1).map((cell) => cell.expectedNpz);
  const flags = [
    missing.some(isPhaseC) ? "--allow-missing-phase-c" : "",
    missing.some((cell) => !isPhaseC(cell)) ? "--allow-missing-phase-d" : "",
  ].filter(Boolean);
  const more = others.length ? `Also missing: ${others.join(", ")}. ` : "";
  const remedy = `${more}Give ${flags.join(" and ")} to go on without, or the roots of this machine with --data-root`;
  throw new InputError("INPUT_MISSING", message, { remedy }, 66);
}

/** True for cells whose input is made by Phase C. */
export function isPhaseC(cell: Pick<StudyCell, "view">): boolean {
  return cell.view === baselineView;
}

function missingReason(place: GridPlace, search: InputSearch): string {
  if (isPhaseC(place)) return `Phase C baseline NPZ not found: ${search.expected}`;
  return `Phase D overlap NPZ not found (checked ${inputNames(place).join(" and ")})`;
}

function jobOf(cell: StudyCell, numEpochs: number): ReconstructionJob {
  const { dose, split, view, gridsize, outputDir, seed } = cell;
  const inputNpz = cell.inputNpz!;
  const flags = ["--output", outputDir, "--epochs", String(numEpochs), "--seed", String(seed)];
  const cliArgs = ["ptycho", "reconstruct", inputNpz, ...flags];
  return { dose, split, view, gridsize, inputNpz, outputDir, algorithm: "LSQML", numEpochs, seed, cliArgs };
}

function countFilterSteps(cells: readonly StudyCell[], filters: JobFilters): FilterStep[] {
  let before = cells.filter(({ status }) => status !== "missing").length;
  return filterNames.flatMap((name) => {
    const requested = requestedText(name, filters);
    if (requested === null) return [];
    const step = { name, requested, before, after: before - cells.filter(({ filter }) => filter === name).length };
    before = step.after;
    return [step];
  });
}

function countCells(cells: readonly StudyCell[]): PlanTotals {
  const count = (wanted: CellStatus) => cells.filter(({ status }) => status === wanted).length;
  const [selected, filtered, missing] = [count("selected"), count("filtered"), count("missing")];
  const missingPhaseC = cells.filter((cell) => cell.status === "missing" && isPhaseC(cell)).length;
  return {
    cells: cells.length,
    selected,
    filtered,
    missing,
    skipped: filtered + missing,
    totalJobs: cells.length - missing,
    missingPhaseC,
    missingPhaseD: missing - missingPhaseC,
  };
}

function refuseUnknownViews(manifest: TrainingManifest, design: StudyDesign): void {
  const known = listViews(design);
  for (const [index, { view }] of manifest.jobs.entries()) {
    if (known.includes(view)) continue;
    const nearest = findNearestName(view, known);
    throw new OptionsError("MANIFEST_VALUE", "unknown view", {
      source: manifest.source,
      field: `jobs[${index}].view`,
      expected: `one of ${known.join(", ")}`,
      got: JSON.stringify(view),
      remedy: nearest ? `Did you mean ${nearest}?` : "Describe another study with --design",
    });
  }
}

function noteDoses(manifest: TrainingManifest | null, design: StudyDesign, filters: JobFilters): string[] {
  const listed = [...new Set(manifest?.jobs.map(({ dose }) => dose))].filter(
    (dose) => !design.dose_list.includes(dose),
  );
  const notes = listed.map(
    (dose) => `the manifest lists dose ${formatFloat(dose)}, which the design lacks: not part of this plan (--design)`,
  );
  if (filters.dose !== null && !design.dose_list.includes(filters.dose)) {
    notes.push(`the design has no dose ${formatFloat(filters.dose)}: nothing can be selected`);
  }
  return notes;
}
