// A view as a file: what is cut, what is kept, what the metadata say, and old files with their quirks.
import { describe, expect, test } from "vitest";
import { numericArray, textScalar } from "../../src/data/npy-encode.ts";
import { openNpz } from "../../src/data/npz.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { createStandInBase } from "../../src/study/base.ts";
import type { StudyMember } from "../../src/study/members.ts";
import { listPhaseCMembers, planPhaseC } from "../../src/study/phase-c.ts";
import { planView } from "../../src/study/phase-d.ts";
import { cutRows } from "../../src/study/row-selection.ts";
import { buildZip, npyNumbers, npyPickled } from "../support/npz-builder.ts";
import { listMembers, metadataOf, numbersOf, reopen } from "../support/study-npz.ts";

const plan = planPhaseC(createStandInBase({ patternPx: 16, objectPx: 64 }), {
  seed: 3,
  positions: 80,
  withPatches: true,
});
const sourceFile = "phase_c/dose_1000/patched_train.npz";
const source = await reopen(listPhaseCMembers(plan, 1000, "train", "test"));
const dense = await planView(source, { rule: "v2", view: "dense", split: "train", sourceFile });
const view = await reopen(dense.members);
const count = plan.indices.train.length;
const kept = dense.selection.indices;

const whole = (name: string, values: readonly number[], shape = [values.length]): StudyMember => ({
  name,
  array: numericArray("float64", shape, Float64Array.from(values)),
});

/** Four patterns in a row and what else a test adds. */
function oddFile(...more: StudyMember[]) {
  return reopen([
    {
      name: "diffraction",
      array: numericArray(
        "float32",
        [4, 8, 8],
        new Float32Array(256).map((_, i) => i),
      ),
    },
    whole("xcoords", [10, 13, 16, 19]),
    whole("ycoords", [10, 10, 10, 10]),
    ...more,
  ]);
}
const sparseTrain = { rule: "v2", view: "sparse", split: "train", sourceFile: "" } as const;
const denseTrain = { ...sparseTrain, view: "dense" } as const;

describe("a v2 view of Phase C", () => {
  test("same members; only those per scan point are cut", async () => {
    const short = (line: string) => line.replace(`[${count}`, `[${kept.length}`);
    expect(kept.length).toBe(Math.round(0.8 * count));
    expect(await listMembers(view)).toEqual((await listMembers(source)).map(short));
  });

  test.each([
    ["xcoords", 1],
    ["ycoords", 1],
    ["diffraction", 256],
    ["ground_truth_patches", 512],
    ["coords_start_offsets", 2],
  ])("%s are the kept rows", async (name, width) => {
    const all = await numbersOf(source, name);
    const expected = Array.from(kept).flatMap((row) => all.slice(row * width, (row + 1) * width));
    expect(await numbersOf(view, name)).toEqual(expected);
  });

  test("object and probe go through whole", async () => {
    for (const name of ["objectGuess", "probeGuess"]) {
      expect(await numbersOf(view, name)).toEqual(await numbersOf(source, name));
    }
  });

  test("metadata: Phase C's kept, a step added, the view's fields at the top", async () => {
    const before = await metadataOf(source);
    const after = await metadataOf(view);
    const steps = after.data_transformations as { operation: string; parameters: object }[];
    expect(steps.slice(0, -1)).toEqual(before.data_transformations);
    expect(steps.at(-1)).toMatchObject({
      operation: "select_view",
      parameters: {
        view: "dense",
        split: "train",
        view_rule: "v2",
        parent_file: sourceFile,
        n_images_total: count,
        n_images_selected: kept.length,
      },
    });
    const { data_transformations: _, ...rest } = after;
    const { data_transformations: __, ...inherited } = before;
    expect(rest).toEqual({ ...inherited, ...dense.selection.metadata });
    expect(rest).toMatchObject({ gridsize: 2, s_img: 0.8, n_groups: 512, physics_parameters: { gridsize: 1 } });
  });
});

describe("a v1 view", () => {
  test("carries the first form's fields at the top beside Phase C's", async () => {
    // Windows of 8 px in a row, 3 px apart: S = 0.3 * 8 = 2.4 px keeps all.
    const planned = await planView(await oddFile(), { ...denseTrain, rule: "v1", sourceFile: "c.npz" });
    expect(await metadataOf(await reopen(planned.members))).toMatchObject({
      overlap_view: "dense",
      spacing_threshold: expect.closeTo(2.4, 12),
      source_file: "c.npz",
      n_accepted: 4,
      n_rejected: 0,
      acceptance_rate: 1,
      selection_strategy: "direct",
      data_transformations: [{ operation: "select_view" }],
    });
  });

  test("a view that makes no scan is refused although its rate passes", async () => {
    // S = 0.8 * 8 = 6.4 px keeps the first and the last, whose 8 px windows are 9 px apart.
    await expect(planView(await oddFile(), { ...sparseTrain, rule: "v1" })).rejects.toThrow("DATA_GEOMETRY");
  });
});

describe("members by name, not by length", () => {
  test("an array that happens to be as long as the scan is not cut", async () => {
    const npz = await oddFile(whole("probeGuess", [1, 2, 3, 4]), whole("frequencies", [5, 6, 7, 8]));
    const planned = await reopen((await planView(npz, denseTrain)).members);
    expect(await numbersOf(planned, "probeGuess")).toEqual([1, 2, 3, 4]);
    expect(await numbersOf(planned, "frequencies")).toEqual([5, 6, 7, 8]);
    expect((await numbersOf(planned, "xcoords")).length).toBe(3);
  });

  test("a single Y for the whole scan goes through; names are cut", async () => {
    const names: StudyMember = { name: "filenames", array: { dtype: "str", shape: [4], data: ["a", "b", "c", "d"] } };
    const planned = await planView(await oddFile(whole("Y", [9]), names), denseTrain);
    const npz = await reopen(planned.members);
    expect(await numbersOf(npz, "Y")).toEqual([9]);
    expect(await npz.readArray("filenames")).toMatchObject({
      data: Array.from(planned.selection.indices, (i) => "abcd"[i]),
    });
  });

  test("positions of another length are refused", async () => {
    await expect(planView(await oddFile(whole("xcoords_start", [1, 2, 3])), denseTrain)).rejects.toThrow(
      /xcoords_start.*DATA_LENGTH_MISMATCH/,
    );
  });

  test("pickles stay closed: metadata and members are left out with a remark", async () => {
    const bytes = buildZip([
      { name: "diffraction.npy", content: npyNumbers("<f4", [4, 8, 8], new Float32Array(256).fill(0.5)) },
      { name: "xcoords.npy", content: npyNumbers(">f8", [4], [10, 13, 16, 19]) },
      { name: "ycoords.npy", content: npyNumbers("<f8", [4], [10, 10, 10, 10]) },
      { name: "_metadata.npy", content: npyPickled() },
      { name: "extra.npy", content: npyPickled() },
    ]);
    const { members, notes, selection } = await planView(await openNpz(bytesAccess(bytes, "old.npz")), denseTrain);
    expect(notes.map(({ code }) => code)).toEqual(["METADATA_SKIPPED", "STUDY_SKIPPED"]);
    const npz = await reopen(members);
    expect(npz.names).toEqual(["diffraction", "xcoords", "ycoords", "_metadata"]);
    expect(await numbersOf(npz, "xcoords")).toEqual(Array.from(selection.indices, (i) => 10 + 3 * i));
    expect(await metadataOf(npz)).toMatchObject({ gridsize: 2 });
  });

  test("patterns and positions that do not belong together are refused", async () => {
    const npz = await reopen([
      { name: "diffraction", array: numericArray("float32", [8, 8, 4], new Float32Array(256)) },
      whole("xcoords", [1, 2, 3, 4]),
      whole("ycoords", [1, 2, 3, 4]),
    ]);
    await expect(planView(npz, denseTrain)).rejects.toThrow("DATA_LENGTH_MISMATCH");
  });

  test("metadata that is no object is replaced", async () => {
    const npz = await oddFile({ name: "_metadata", array: textScalar("[1]") });
    expect(await metadataOf(await reopen((await planView(npz, sparseTrain)).members))).toMatchObject({ s_img: 1 });
  });
});

test("rows are cut out of pieces of any length", async () => {
  const bytes = Uint8Array.from({ length: 60 }, (_, i) => i);
  async function* inPieces(length: number) {
    for (let at = 0; at < 60; at += length) yield bytes.subarray(at, at + length);
  }
  for (const rows of [[0, 1, 2, 5, 9], [3], [], [9], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
    const expected = rows.flatMap((row) => Array.from(bytes.subarray(6 * row, 6 * row + 6)));
    for (const length of [1, 4, 5, 6, 7, 13, 60]) {
      const got: number[] = [];
      for await (const piece of cutRows(inPieces(length), 6, Uint32Array.from(rows))) got.push(...piece);
      expect(got).toEqual(expected);
    }
  }
});
