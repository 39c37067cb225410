// `ptycho study status`: a result counts as finished only when the newest call would take it for its own.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noFilters } from "../../src/jobs/filters.ts";
import { RESULT_NAMES } from "../../src/node/artifacts.ts";
import { loadHashMemory, saveHashMemory } from "../../src/node/study/hash-memory.ts";
import { type CellJob, finishCell, jobsOf, selectionOf, writeTinyStudy } from "../support/finished-cells.ts";
import { runHere } from "../support/run-here.ts";
import { readJson, readManifest } from "../support/study-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-status-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, "data");
beforeAll(() => writeTinyStudy(data));

const filters = { ...noFilters, dose: 1000, view: "dense", split: "train" as const };
let artifactRoot: string;
let cell: CellJob;
let count = 0;
beforeEach(async () => {
  artifactRoot = join(folder, `out ${count++}`);
  [cell] = (await jobsOf(selectionOf(data, { artifactRoot, filters }))) as [CellJob];
  await finishCell(cell);
});
const run = (...argv: string[]) =>
  runHere(
    ...["study", "run", "--data-root", data, "--artifact-root", artifactRoot, "--epochs", "2"],
    ...["--dose", "1000", "--view", "dense", "--split", "train", ...argv],
  );
const statusOf = async (root = artifactRoot) => {
  const { out } = await runHere("study", "status", "--artifact-root", root, "--json");
  const { cells } = JSON.parse(out);
  return cells.find(({ dose, view, split }: typeof filters) => dose === 1000 && view === "dense" && split === "train");
};
/** Changes what a JSON file of the root says. */
// biome-ignore lint/suspicious/noExplicitAny: any field
function edit(path: string, change: (json: any) => void): void {
  const json = readJson(path);
  change(json);
  writeFileSync(path, JSON.stringify(json));
}
const record = () => join(cell.job.outputDir, "run.json");
const manifest = () => join(artifactRoot, "reconstruction_manifest.json");

it("a result of the newest call is finished", async () => {
  await run();
  expect(await statusOf()).toMatchObject({ state: "finished", remarks: [], returncode: 0, epochs: 2, epochCount: 2 });
});

it("the newest call's failure counts, not the receipt that lies there", async () => {
  await run();
  edit(manifest(), (json) => {
    json.execution_results[0].returncode = 80;
  });
  expect(await statusOf()).toMatchObject({
    state: "failed",
    returncode: 80,
    epochs: null,
    loss: null,
    remarks: ["the result there is of an earlier call"],
  });
  const { out } = await runHere("study", "status", "--artifact-root", artifactRoot);
  expect(out).toContain("0 of 18 finished, 0 outdated, 0 unfinished, 1 failed, ");
  expect(out).toMatch(/dense +train +failed \(80\) .*the result there is of an earlier call\n/);
});

it("so does a refused input", async () => {
  await run();
  const kept = readFileSync(cell.job.inputNpz);
  writeFileSync(cell.job.inputNpz, "no archive");
  try {
    expect((await run()).code).toBe(65);
    const { state, remarks } = await statusOf();
    expect([state, remarks]).toEqual(["failed", ["the result there is of an earlier call", "the input has changed"]]);
  } finally {
    writeFileSync(cell.job.inputNpz, kept);
  }
});

describe("a result that the newest call would make again is outdated, and why is said", () => {
  const dryRun = ["--dry-run", "--device", "software", "--adapter", "no such adapter"];
  it.each([
    [["--preset", "study"], ["preset best, not study"]],
    [["--seed", "7"], [expect.stringMatching(/^seed \d+, not \d+$/)]],
    [["--epochs", "3"], ["2 epochs, not 3"]],
    [
      ["--preset", "study", "--epochs", "3"],
      ["preset best, not study", "2 epochs, not 3"],
    ],
  ])("%j", async (argv, remarks) => {
    await run(...dryRun, ...argv);
    expect(await statusOf()).toMatchObject({ state: "outdated", remarks });
  });

  const edits: [what: string, remark: unknown, change: () => void | Promise<void>][] = [
    [
      "another engine version",
      expect.stringMatching(/^engine version \d.*, not 9\.9\.9$/),
      () =>
        edit(manifest(), (json) => {
          json.versions["ptycho-webgpu"] = "9.9.9";
        }),
    ],
    [
      "an edited record",
      "a key that is not that of its record",
      () =>
        edit(record(), (json) => {
          json.key = "0";
        }),
    ],
    [
      "other options",
      "other options",
      () =>
        edit(record(), (json) => {
          json.options.batchSize = 7;
        }),
    ],
    ["a cut file", /ptychi_reconstruction\.npz is not as it was written/, () => truncateSync(arrays(), 100)],
    ["a file that is gone", /ptychi_reconstruction\.npz is gone/, () => rmSync(arrays())],
    ["files of another command", "files of another command", () => finishCell(cell, () => ({}), RESULT_NAMES)],
    [
      "an input that another hash is known of",
      "the input has changed",
      async () => {
        const memory = await loadHashMemory(artifactRoot);
        const known = memory.get(cell.job.inputNpz)!;
        await saveHashMemory(artifactRoot, memory.set(cell.job.inputNpz, { ...known, sha256: "0".repeat(64) }));
      },
    ],
  ];
  const arrays = () => join(cell.job.outputDir, "ptychi_reconstruction.npz");
  it.each(edits)("%s", async (_, remark, change) => {
    await run();
    await change();
    const { state, remarks } = await statusOf();
    expect(state).toBe("outdated");
    expect(remarks).toContainEqual(remark instanceof RegExp ? expect.stringMatching(remark) : remark);
  });

  it("with a checkpoint of the new run it is unfinished", async () => {
    await run(...dryRun, "--preset", "study");
    writeFileSync(join(cell.job.outputDir, "checkpoint-000001.npz"), "");
    expect(await statusOf()).toMatchObject({ state: "unfinished", epochs: 1, remarks: ["preset best, not study"] });
  });

  it("a call that does not select it says nothing against it, but names the difference", async () => {
    await run(...dryRun, "--preset", "study", "--view", "sparse");
    expect(await statusOf()).toMatchObject({ state: "finished", remarks: ["preset best, not study"] });
  });
});

it("a root that was moved is read where it is now", async () => {
  await run();
  const moved = join(folder, `moved ${count}`);
  renameSync(artifactRoot, moved);
  mkdirSync(artifactRoot);
  expect(await statusOf(moved)).toMatchObject({
    state: "finished",
    output_dir: join(moved, "dose_1000/dense/train"),
    remarks: [],
  });
  expect(readManifest(moved).jobs[0]!.output_dir).toBe(cell.job.outputDir);
});
