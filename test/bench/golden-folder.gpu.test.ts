// `npm run golden`: rows, verdicts, last line and exit code, on a fixture cut short and on files that are not as they
// should be. Whatever is not compared must not pass.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GoldenCase, readGoldenCase } from "../../bench/golden-case.ts";
import { replayFolder } from "../../bench/golden-folder.ts";
import { readStep } from "../../bench/golden-step.ts";
import { LsqmlEngine } from "../../src/index.ts";
import { type CraftedCase, craftCase, fixtureEntry, writeGoldenFolder } from "../support/golden-files.ts";
import { testDevice } from "../support/gpu.ts";

const fixture = "lsqml-gaussian";
const entry = fixtureEntry(fixture);

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Report {
  readonly lines: readonly string[];
  readonly last: string;
  readonly code: number;
}

/** Replays cases made from the fixture's first two epochs. */
async function replay(
  changes: Readonly<Record<string, (made: CraftedCase) => void>>,
  manifest: Readonly<Record<string, unknown>> = Object.fromEntries(Object.keys(changes).map((name) => [name, entry])),
  part = "",
): Promise<Report> {
  const cases: Record<string, CraftedCase> = {};
  for (const [name, change] of Object.entries(changes)) {
    const made = await craftCase(fixture);
    made.shorten(2);
    change(made);
    cases[name] = made;
  }
  const folder = writeGoldenFolder(cases, manifest);
  folders.push(folder);
  return await replayPath(folder, part);
}

async function replayPath(folder: string, part = ""): Promise<Report> {
  const lines: string[] = [];
  const code = await replayFolder({
    folder,
    part,
    print: (line) => lines.push(line),
    openDevice: async () => device,
  });
  return { lines, last: lines.at(-1)!, code };
}

/** The row of a label, e.g. "epoch 2". */
const rowOf = (report: Report, label: string) => report.lines.find((line) => line.includes(`  ${label} `))!;

/** Removes the intermediate step, which half of the tests do not need. */
function withoutStep(made: CraftedCase): void {
  for (const name of made.fields.keys()) if (name.startsWith("step_")) made.fields.delete(name);
}

/** A change to a case without intermediate step. */
const plain = (change: (made: CraftedCase) => void) => (made: CraftedCase) => {
  withoutStep(made);
  change(made);
};

describe("a case with pty-chi's numbers", () => {
  let report: Report;
  beforeAll(async () => {
    report = await replay({
      good: () => {},
      later: (made) => Object.assign(made.settings, { options_class: "DMOptions" }),
    });
  });

  test("one row per checkpoint and one for the step, beginning with the file's name", () => {
    const rows = report.lines.filter((line) => line.startsWith("good.npz"));
    expect(rows.map((line) => line.split(/ {2,}/)[1])).toEqual(["step", "epoch 1", "epoch 2"]);
    for (const row of rows) {
      expect(row).toMatch(/required ok {2}aim met$/);
      expect(row).not.toMatch(/fail|miss|not yet/i);
    }
    expect(rows[2]).toMatch(/object \d\.\de-\d+ {2}probe \S+ {2}loss \S+ {2}positions \S+ {2}weights /);
  });
  test("what is not there yet by name", () => {
    expect(report.lines).toContain("later.npz  not yet: DMOptions");
  });
  test("counts at the end, exit code 0", () => {
    expect(report.last).toBe("1 cases pass required, 1 meet aim, 1 not yet");
    expect(report.code).toBe(0);
  });
});

describe("a wrong number fails and is named", () => {
  const rows: [name: string, row: RegExp, change: (made: CraftedCase) => void][] = [
    ["object", /epoch 2 .*required FAIL \(object\)/, plain((made) => made.map("ckpt_object", (value) => 1.01 * value))],
    ["probe", /epoch 1 .*required FAIL \(probe\)/, plain((made) => made.map("ckpt_probe", (value) => 1.01 * value))],
    [
      "loss",
      /epoch 2 .*required FAIL \(loss\)/,
      plain((made) => made.map("loss", (value, epoch) => (epoch === 1 ? 1.01 * value : value))),
    ],
    ["negated loss", /epoch 1 .*required FAIL \(loss\)/, plain((made) => made.map("loss", (value) => -3 * value))],
    ["loss of zero", /epoch 1 .*required FAIL \(loss\)/, plain((made) => made.map("loss", () => 0))],
    ["loss of NaN", /epoch 1 .*required FAIL \(loss\)/, plain((made) => made.map("loss", () => NaN))],
    [
      "positions",
      /epoch 1 .*required FAIL \(positions\)/,
      plain((made) => made.map("ckpt_positions_yx_px", (value) => value + 0.002)),
    ],
    ["weights", /epoch 1 .*required FAIL \(weights\)/, plain((made) => made.map("ckpt_opr_weights", () => 1.002))],
    [
      "checkpoint that is never reached",
      /epoch 3 of 2 .*required FAIL \(object, probe, loss, positions, weights\)/,
      plain((made) => made.map("ckpt_epochs", (value) => (value === 2 ? 3 : value))),
    ],
    [
      "loss behind the last checkpoint",
      /epoch 2, losses only .*required FAIL \(loss\)/,
      plain((made) => {
        for (const name of [...made.fields.keys()].filter((field) => field.startsWith("ckpt_")))
          made.keepFirst(name, 1);
        made.map("loss", (value, epoch) => (epoch === 1 ? 2 * value : value));
      }),
    ],
    ["step", /step .*required FAIL \(chi\)/, (made) => made.map("step_chi", (value) => 1.001 * value)],
    [
      "unknown step field",
      /step .*something_new not comparable.*required FAIL \(something_new\)/,
      (made) => made.set("step_something_new", { descr: "<f4", shape: [1], numbers: Float64Array.of(1) }),
    ],
    [
      "step positions",
      /step .*required FAIL \(positions_after_yx_px\)/,
      (made) =>
        made.set("step_positions_after_yx_px", {
          ...made.field("positions_yx_px"),
          numbers: made.field("positions_yx_px").numbers.map((value) => value + 5),
        }),
    ],
    [
      "step weights",
      /step .*required FAIL \(opr_weights_after\)/,
      (made) =>
        made.set("step_opr_weights_after", { descr: "<f4", shape: [42, 1], numbers: new Float64Array(42).fill(7) }),
    ],
    [
      "step indices",
      /step .*required FAIL \(indices\)/,
      (made) => made.map("step_indices", (value, index) => (index === 0 ? (value + 1) % 42 : value)),
    ],
    ["step field cut short", /step .*required FAIL \(alpha_probe\)/, (made) => made.keepFirst("step_alpha_probe", 4)],
    ["step of zeros", /step .*required FAIL \(alpha_probe\)/, (made) => made.map("step_alpha_probe", () => 0)],
    ["unreadable field", /^bad\.npz {2}required FAIL: .*illumination/, (made) => made.fields.delete("illumination")],
    [
      "refused option",
      /^bad\.npz {2}required FAIL: .*gaussianNoiseStd/,
      (made) => Object.assign(made.settings, { options: { reconstructor_options: { gaussian_noise_std: -1 } } }),
    ],
  ];
  test.each(rows)("%s", async (_, row, change) => {
    const report = await replay({ bad: change });
    expect(
      report.lines.some((line) => row.test(line)),
      report.lines.join("\n"),
    ).toBe(true);
    expect(report.last).toBe("0 cases pass required, 0 meet aim, 0 not yet");
    expect(report.code).toBe(1);
  });
});

test("a result between the limits passes required, but not the aim", async () => {
  const report = await replay({ near: plain((made) => made.map("ckpt_object", (value) => (1 + 4e-5) * value)) });
  expect(rowOf(report, "epoch 2")).toMatch(/required ok {2}aim above \(object\)$/);
  expect(report.last).toBe("1 cases pass required, 0 meet aim, 0 not yet");
  expect(report.code).toBe(0);
});

test("positions and weights of the step that are where they belong are compared and pass", async () => {
  const report = await replay({
    good: (made) => {
      made.set("step_positions_after_yx_px", { ...made.field("positions_yx_px"), descr: "<f4" });
      made.set("step_opr_weights_after", { descr: "<f4", shape: [42, 1], numbers: new Float64Array(42).fill(1) });
    },
  });
  expect(rowOf(report, "step")).toMatch(/positions_after_yx_px 0.*opr_weights_after 0.*required ok {2}aim met$/);
});

describe("the step is that of the first minibatch that updates anything", () => {
  const later = {
    object_options: { optimization_plan: { start: 2 } },
    probe_options: { optimization_plan: { start: 3 } },
  };
  const rows: [name: string, options: Record<string, unknown>, epoch: number][] = [
    ["without rescaling: epoch 0", { reconstructor_options: { rescale_probe_intensity_in_first_epoch: false } }, 0],
    ["plans that start late: epoch 2", later, 2],
  ];
  test.each(rows)("%s", async (_, options, epoch) => {
    const folder = mkdtempSync(join(tmpdir(), "ptycho-golden-step-"));
    folders.push(folder);
    const made = await craftCase(fixture);
    made.shorten(4);
    made.settings.options = options;
    const path = writeGoldenFolder({ own: made }, { own: entry });
    folders.push(path);
    const golden = (await readGoldenCase(join(path, "own.npz"))) as GoldenCase;
    // what this engine itself holds after minibatch 0 of that epoch
    const engine = await LsqmlEngine.create(device, golden.problem, golden.epochs, { capture: true });
    for (let before = 0; before < epoch; before++) await engine.runEpoch(before);
    await engine.runEpoch(epoch, { stopAfterMinibatches: 1 });
    const held = await readStep(engine, golden, golden.problem.plan.minibatches(epoch)[0]!);
    engine.destroy();
    for (const [name, values] of held) {
      const field = made.fields.get(`step_${name}`);
      if (field)
        made.set(`step_${name}`, ({ numbers }) => ({ numbers: Float64Array.from(values).slice(0, numbers.length) }));
    }
    const report = await replayPath(writeFolder(made));
    expect(rowOf(report, "step")).toMatch(/required ok {2}aim met$/);
  });

  function writeFolder(made: CraftedCase): string {
    made.fields.delete("options_json");
    const folder = writeGoldenFolder({ own: made }, { own: entry });
    folders.push(folder);
    return folder;
  }
});

describe("sets that are not whole", () => {
  test("an empty folder is no success", async () => {
    const report = await replay({});
    expect(report.lines[0]).toMatch(/no golden files/);
    expect(report.last).toBe("0 cases pass required, 0 meet aim, 0 not yet");
    expect(report.code).toBe(1);
  });
  test("a part of a name that no case has is no success", async () => {
    const report = await replay({ one: withoutStep }, { one: entry }, "two");
    expect(report.code).toBe(1);
    expect(report.lines[0]).toContain('"two"');
  });
  test("a case that the manifest does not list", async () => {
    const report = await replay({ stray: withoutStep }, {});
    expect(report.lines).toContain("stray.npz  required FAIL: manifest.json does not list this case");
    expect(report.code).toBe(1);
  });
  test("a listed case without its file, and a later one that is not listed", async () => {
    const later = (made: CraftedCase) => Object.assign(made.settings, { options_class: "DMOptions" });
    const report = await replay({ later }, { gone: entry });
    expect(report.lines).toContain("gone.npz  absent: manifest.json lists it, the folder does not hold it");
    expect(report.lines).toContain("later.npz  not yet: DMOptions; manifest.json does not list it");
  });
  test("tolerances are those of the checkpoint, in whatever order the manifest lists them", async () => {
    const tolerance = { object: [1e-4, 1], probe: [1e-4, 1], loss: [1e-4, 1] };
    const both = { required: tolerance, aim: tolerance };
    const wrong = plain((made) => made.map("ckpt_object", (value, index) => (index < 2 * 61 * 68 ? 1.1 : 1) * value));
    const swapped = await replay({ one: wrong }, { one: { checkpoints: [2, 1], tolerance: both } });
    expect(rowOf(swapped, "epoch 1")).toMatch(/required ok/);
    const short = await replay({ one: withoutStep }, { one: { checkpoints: [1], tolerance: both } });
    expect(short.lines[0]).toMatch(/required FAIL: manifest.json has no tolerance required.object after 2 epochs/);
  });
  test("no folder, no manifest", async () => {
    expect((await replayPath("/nowhere/at/all")).code).toBe(66);
  });
});

test("the program: exit codes of a wrong line and of an unreadable folder, without a stack", async () => {
  const program = join(import.meta.dirname, "../../dist/bench/golden.js");
  const run = (...argv: string[]) =>
    new Promise<{ code: unknown; text: string }>((resolve) => {
      execFile(process.execPath, [program, ...argv], (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, text: stdout + stderr }),
      );
    });
  for (const argv of [[], ["a", "b"], ["a", "--nonsense"], ["a", "--device", "abacus"]]) {
    const { code, text } = await run(...argv);
    expect(code).toBe(2);
    expect(text).toMatch(/^usage: /);
  }
  const { code, text } = await run("/nowhere/at/all");
  expect(code).toBe(66);
  expect(text).not.toMatch(/ {4}at /);
});
