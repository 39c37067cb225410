// pty-chi's numbers, the reference's and the same bits twice, under every profile: written-out butterflies and the
// detector without room for all modes on chip included.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GoldenCase, readGoldenCase } from "../../bench/golden-case.ts";
import { isWithin, type Tolerances } from "../../bench/golden-compare.ts";
import { runCase } from "../../bench/golden-run.ts";
import { LsqmlEngine } from "../../src/engine/lsqml-engine.ts";
import { defaultProfile, profileLimits } from "../../src/engine/state.ts";
import { fitProfile, type Profile, profiles, shapeLine } from "../../src/kernels/profile.ts";
import type { ReconstructOptionsInput } from "../../src/options.ts";
import type { ProfileName } from "../../src/profile-names.ts";
import { testDevice } from "../support/gpu.ts";
import { testProfiles } from "../support/line-profiles.ts";
import { compareWithReference, prepareFromGuess } from "./against-reference.ts";
import { bitsOf, runEngine } from "./run-engine.ts";
import { makeTinyScan, type TinyScanSettings } from "./tiny-scan.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

/** As long as an engine lives, others have its kernels without another compilation; all capture, as the step does. */
const kept: LsqmlEngine[] = [];
afterAll(() => {
  for (const engine of kept) engine.destroy();
});

const folder = join(import.meta.dirname, "../../fixtures/golden");
const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as {
  cases: Record<string, { tolerance: Tolerances }>;
};

/** Runs with `profile` in the place of the one whose name it has. */
async function withProfile<T>(profile: Profile, run: (name: ProfileName) => Promise<T>): Promise<T> {
  const known = profiles as Record<ProfileName, Profile>;
  const original = known[profile.name];
  known[profile.name] = profile;
  try {
    return await run(profile.name);
  } finally {
    known[profile.name] = original;
  }
}

async function readCase(name: string): Promise<GoldenCase> {
  const golden = await readGoldenCase(join(folder, `${name}.npz`));
  if ("notYet" in golden) throw new Error(`not yet: ${golden.notYet.join(", ")}`);
  return golden;
}

for (const [label, profile] of testProfiles) {
  describe(`golden cases under the profile ${label}`, () => {
    beforeAll(async () => {
      const { problem, epochs } = await readCase("lsqml-gaussian");
      await withProfile(profile, async (chosen) => {
        kept.push(await LsqmlEngine.create(device, problem, epochs, { profile: chosen, capture: true }));
      });
    });

    test.each(["lsqml-gaussian", "lsqml-mixed3"])("%s", async (name) => {
      const golden = await readCase(name);
      const { tolerance } = manifest.cases[name]!;
      const rows = await withProfile(profile, (chosen) =>
        runCase(device, golden, tolerance, { profile: chosen, capture: true }),
      );
      const report = rows.map((row) => JSON.stringify(row)).join("\n");
      expect(rows.length).toBeGreaterThan(2);
      expect(isWithin(rows, "required"), report).toBe(true);
      expect(isWithin(rows, "aim"), report).toBe(true);
    });
  });
}

describe("bits", () => {
  const scan = makeTinyScan({ modes: 2, frame: [12, 8] }).dataset;
  const options = { batchSize: 7 } as const;
  const sliceBytes = 3 * 2 * 8 * 96;

  for (const [label, profile] of testProfiles) {
    test(`are the same in every run, resident or streamed, under the profile ${label}`, async () => {
      await withProfile(profile, async (chosen) => {
        const settings = { profile: chosen, sliceBytes };
        const first = await runEngine(device, prepareFromGuess(scan, options), 3, settings);
        const second = await runEngine(device, prepareFromGuess(scan, options), 3, settings);
        const problem = prepareFromGuess(scan, { ...options, deviceMemoryBytes: 1000 });
        const streamed = await runEngine(device, problem, 3, settings);
        expect(first.sliceCount).toBeGreaterThan(1);
        expect([first.streamed, streamed.streamed]).toEqual([false, true]);
        expect(bitsOf(second)).toEqual(bitsOf(first));
        expect(bitsOf(streamed)).toEqual(bitsOf(first));
      });
    });
  }
});

describe("lines shared by lanes of a subgroup", () => {
  const wide = makeTinyScan({ modes: 2, frame: [64, 16] }).dataset;
  const lanes = testProfiles.filter(([, { subgroupLanes }]) => subgroupLanes > 0);
  test.each(lanes)("%s: the reference's numbers, and the same bits twice", async (_, profile) => {
    const needs = { kind: "forward-inverse", axis: "column", length: 64, linesPerPlane: 16, modes: 2 } as const;
    expect(shapeLine(fitProfile(profile, profileLimits(device)), needs)!.inSubgroup).toBe(true);
    await withProfile(profile, async (chosen) => {
      const problem = prepareFromGuess(wide, { batchSize: 7 });
      const distances = await compareWithReference(device, problem, 3, { profile: chosen });
      for (const [quantity, distance] of Object.entries(distances)) expect(distance, quantity).toBeLessThan(5e-6);
      const first = await runEngine(device, problem, 3, { profile: chosen });
      expect(bitsOf(await runEngine(device, problem, 3, { profile: chosen }))).toEqual(bitsOf(first));
    });
  });
});

test("lanes are refused, and not chosen, where there are no subgroups", async () => {
  const without = new Proxy(device, {
    get(target, name) {
      if (name === "features") return new Set();
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  expect(defaultProfile(without).subgroupLanes).toBe(0);
  const problem = prepareFromGuess(makeTinyScan({}).dataset, { batchSize: 7 });
  await expect(LsqmlEngine.create(without, problem, 1, { profile: "lanes" })).rejects.toMatchObject({
    code: "GPU_PROFILE",
    exitCode: 69,
    details: { field: "profile", got: "lanes" },
  });
});

describe("a detector with kernels of its own", () => {
  const cases: [string, ProfileName, TinyScanSettings, ReconstructOptionsInput, number][] = [
    [
      "nine modes of columns of 128 do not fit on chip, looped",
      "looped",
      { frame: [128, 8] },
      { batchSize: 6, probe: { modes: 9, orthogonalizeModes: { enabled: false } } },
      5e-6,
    ],
    ["poisson, two modes, shared-16k", "shared-16k", { modes: 2 }, { batchSize: 6, noiseModel: "poisson" }, 2e-5],
  ];
  test.each(cases)("%s", async (_, profile, scan, options, limit) => {
    const problem = prepareFromGuess(makeTinyScan(scan).dataset, options);
    const engine = await LsqmlEngine.create(device, problem, 3, { profile });
    try {
      expect(engine.state.plan.fusedDetector).toBe(false);
      const distances = await compareWithReference(device, problem, 3, { profile });
      for (const [quantity, distance] of Object.entries(distances)) expect(distance, quantity).toBeLessThan(limit);
      const first = await runEngine(device, problem, 3, { profile });
      expect(bitsOf(await runEngine(device, problem, 3, { profile }))).toEqual(bitsOf(first));
    } finally {
      engine.destroy();
    }
  });
});
