// The kind of fixture that the original study's tests use (study.md section 5.10): uniform noise, 10 patterns of 64 x 64,
// coordinates within one pixel, complex128 guesses, float32 coordinates, names of images, views with metadata of version 1.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { doseFolder, listGrid, studyDesign } from "../../src/jobs/design.ts";
import { buildZip, encodeNumbers, npyFile, npyNumbers, npyText } from "./npz-builder.ts";

const count = 10;
const side = 64;

/** Numbers in [0, 1), the same at every call. */
function noise(length: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

function unicode(texts: readonly string[]): Uint8Array {
  const width = Math.max(...texts.map((text) => text.length));
  const points = texts.flatMap((text) => Array.from(text.padEnd(width, "\0"), (character) => character.charCodeAt(0)));
  return npyFile(`<U${width}`, [texts.length], encodeNumbers("<u4", points));
}

/** Metadata of version 1, as the fixture has it. */
export const noiseMetadata: Readonly<Record<string, Record<string, unknown>>> = {
  dense: {
    overlap_view: "dense",
    spacing_threshold: 38.4,
    source_file: "patched_train.npz",
    n_accepted: 8,
    n_rejected: 2,
    acceptance_rate: 0.8,
    selection_strategy: "direct",
  },
  sparse: {
    overlap_view: "sparse",
    spacing_threshold: 102.4,
    source_file: "patched_train.npz",
    n_accepted: 3,
    n_rejected: 7,
    acceptance_rate: 0.3,
    selection_strategy: "greedy",
  },
};

/** A file of the fixture; `metadata` null = none, as in Phase C's files. */
export function noiseFile(metadata: Record<string, unknown> | null): Uint8Array {
  const members: [string, Uint8Array][] = [
    ["diffraction", npyNumbers("<f4", [count, side, side], noise(count * side * side, 1))],
    ["objectGuess", npyNumbers("<c16", [128, 128], noise(2 * 128 * 128, 2))],
    ["probeGuess", npyNumbers("<c16", [side, side], noise(2 * side * side, 3))],
    ["Y", npyNumbers("<c8", [count, 128, 128], new Float32Array(2 * count * 128 * 128))],
    ["xcoords", npyNumbers("<f4", [count], noise(count, 4))],
    ["ycoords", npyNumbers("<f4", [count], noise(count, 5))],
    ["filenames", unicode(Array.from({ length: count }, (_, index) => `img_${String(index).padStart(4, "0")}`))],
  ];
  if (metadata) members.push(["_metadata", npyText(JSON.stringify(metadata))]);
  return buildZip(members.map(([name, content]) => ({ name: `${name}.npy`, content, method: 8 })));
}

/** Writes the fixture's 18 files below `root`/phase_c and `root`/phase_d, without those that `omit` picks. */
export function writeNoiseStudy(root: string, omit: (path: string) => boolean = () => false): void {
  const files = new Map<string, Uint8Array>();
  for (const { dose, view, split } of listGrid(studyDesign)) {
    const place =
      view === "baseline"
        ? `phase_c/${doseFolder(dose)}/patched_${split}.npz`
        : `phase_d/${doseFolder(dose)}/${view}/${view}_${split}.npz`;
    if (omit(place)) continue;
    if (!files.has(view)) files.set(view, noiseFile(noiseMetadata[view] ?? null));
    const path = join(root, place);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, files.get(view)!);
  }
}
