// Phase D: a view of a split as a file of its own, with Phase C's metadata kept and the view's added.

import type { DatasetNote } from "../data/dataset.ts";
import { readMetadata } from "../data/metadata.ts";
import { toNumbers } from "../data/npy-array.ts";
import { textScalar } from "../data/npy-encode.ts";
import type { NpzFile } from "../data/npz.ts";
import { judgeGeometry } from "../data/scan-geometry.ts";
import { InputError } from "../errors.ts";
import type { StudySplit, StudyView, ViewRule } from "./design.ts";
import type { StudyMember } from "./members.ts";
import { selectOverlapView } from "./overlap-view.ts";
import { takePairs } from "./phase-c.ts";
import { recordStep } from "./phase-c-metadata.ts";
import { selectRows } from "./row-selection.ts";
import { selectSpacingView } from "./spacing-view.ts";
import type { ViewSelection } from "./view-selection.ts";

/** Which view of which file. `sourceFile` is the name under which the metadata remember the file. */
export interface ViewRequest {
  readonly rule: ViewRule;
  readonly view: StudyView;
  readonly split: StudySplit;
  readonly sourceFile: string;
}

/** A view ready to be written. */
export interface PlannedView {
  readonly selection: ViewSelection;
  readonly members: readonly StudyMember[];
  /** What could not be kept of the source. */
  readonly notes: readonly DatasetNote[];
}

/**
 * Chooses a view of an open Phase C file; its members stream out of that file, so it must stay open until they are written.
 * Throws InputError STUDY_SPACING (v1), DATA_GEOMETRY for a view that makes no scan, and what reading the file throws.
 */
export async function planView(npz: NpzFile, request: ViewRequest): Promise<PlannedView> {
  const { positionsPx, patternPx } = await readGeometry(npz);
  const selection = selectView(positionsPx, patternPx, request);
  const { indices } = selection;
  judgeGeometry(takePairs(positionsPx, indices), patternPx, patternPx, `${request.view} view, ${request.split} split`);
  const notes: DatasetNote[] = [];
  const inherited = await readMetadata(npz, notes);
  const { members, skipped } = await selectRows(npz, indices, positionsPx.length / 2);
  for (const name of skipped) {
    notes.push({ level: "warning", code: "STUDY_SKIPPED", message: `${name} was left out: it is a Python pickle` });
  }
  const metadata = describeView(inherited.status === "read" ? inherited.value : null, selection, request);
  return {
    selection,
    members: [...members, { name: "_metadata", array: textScalar(JSON.stringify(metadata)) }],
    notes,
  };
}

/** The view that a rule chooses from positionsPx [position, 2] (y, x). */
export function selectView(positionsPx: Float64Array, patternPx: number, request: ViewRequest): ViewSelection {
  const { rule, view, split, sourceFile } = request;
  return rule === "v1"
    ? selectSpacingView(positionsPx, patternPx, view, split, sourceFile)
    : selectOverlapView(positionsPx, view);
}

/** Phase C's metadata with one more step and the view's fields at the top, where readers of the old form look for them. */
function describeView(inherited: unknown, selection: ViewSelection, request: ViewRequest): Record<string, unknown> {
  const kept =
    typeof inherited === "object" && inherited !== null && !Array.isArray(inherited)
      ? (inherited as Record<string, unknown>)
      : {};
  const steps = Array.isArray(kept.data_transformations) ? kept.data_transformations : [];
  const { rule, view, split, sourceFile } = request;
  const step = recordStep("select_view", {
    view,
    split,
    view_rule: rule,
    parent_file: sourceFile,
    n_images_selected: selection.indices.length,
    ...selection.parameters,
    ...selection.metadata,
  });
  return { ...kept, data_transformations: [...steps, step], ...selection.metadata };
}

async function readGeometry(npz: NpzFile): Promise<{ positionsPx: Float64Array; patternPx: number }> {
  const source = npz.archive.access.name;
  const coordinates = async (name: string) => toNumbers(await npz.readNumeric(name), source, name);
  const x = await coordinates("xcoords");
  const y = await coordinates("ycoords");
  const field = npz.has("diffraction") ? "diffraction" : "diff3d";
  const { shape } = await npz.header(field);
  if (shape.length !== 3 || shape[1] !== shape[2] || shape[0] !== x.length || y.length !== x.length) {
    throw new InputError("DATA_LENGTH_MISMATCH", "patterns and positions do not belong together", {
      source,
      field,
      expected: `(${x.length}, N, N) and as many ycoords`,
      got: `(${shape.join(", ")}) and ${y.length} ycoords`,
    });
  }
  const positionsPx = Float64Array.from({ length: 2 * x.length }, (_, i) => (i & 1 ? x : y)[i >> 1]!);
  return { positionsPx, patternPx: shape[1]! };
}
