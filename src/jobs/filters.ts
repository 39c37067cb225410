// Filters of a call: dose, view, split, gridsize, in this order, then the largest number of jobs (study.md 5.2, 5.4).

import { formatFloat, type GridPlace, type Split } from "./design.ts";

/** What a call asks for; null = everything. */
export interface JobFilters {
  /** Photons per exposure, compared exactly. */
  readonly dose: number | null;
  readonly view: string | null;
  readonly split: Split | null;
  readonly gridsize: 1 | 2 | null;
  /** At most so many jobs, the first in the study's order. */
  readonly maxJobs: number | null;
}

/** Names of the filters in the order in which they apply. */
export const filterNames = ["dose", "view", "split", "gridsize", "max-jobs"] as const;
export type FilterName = (typeof filterNames)[number];

/** A call without filters. */
export const noFilters: JobFilters = { dose: null, view: null, split: null, gridsize: null, maxJobs: null };

/** The first of dose, view, split, gridsize that rejects a cell; null when none does. */
export function firstRejection(place: GridPlace, filters: Omit<JobFilters, "maxJobs">): FilterName | null {
  for (const name of ["dose", "view", "split", "gridsize"] as const) {
    if (filters[name] !== null && filters[name] !== place[name]) return name;
  }
  return null;
}

/** What was asked of a filter, as texts show it; null when it is not in use. */
export function requestedText(name: FilterName, filters: JobFilters): string | null {
  const value = name === "max-jobs" ? filters.maxJobs : filters[name];
  if (value === null) return null;
  return name === "dose" ? formatFloat(value as number) : String(value);
}

/** E.g. "dose filter (requested: 1000.0)". */
export function rejectionText(name: FilterName, filters: JobFilters): string {
  return `${name} filter (requested: ${requestedText(name, filters)})`;
}
