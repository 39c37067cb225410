// Profiles from the outside: measured and saved, taken by a later run, kept by a resumed one. One tiny scan.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Checkpoint } from "../../src/engine/checkpoint.ts";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import type { ReconstructHooks } from "../../src/engine/result.ts";
import { bitsOf } from "../engine/run-engine.ts";
import { makeTinyScan } from "../engine/tiny-scan.ts";
import { openTestDevice } from "../support/gpu.ts";
import { runHere as run } from "../support/run-here.ts";
import { scanFile } from "../support/scan-files.ts";

const root = mkdtempSync(join(tmpdir(), "ptycho-tune-"));
// the user's own settings are neither read nor written, wherever the platform keeps them
const names = ["XDG_CONFIG_HOME", "APPDATA", ...(process.platform === "darwin" ? ["HOME"] : [])];
const before = names.map((name) => process.env[name]);
beforeAll(() => {
  for (const name of names) process.env[name] = root;
});
afterAll(() => {
  for (const [index, name] of names.entries()) {
    if (before[index] === undefined) delete process.env[name];
    else process.env[name] = before[index];
  }
  rmSync(root, { recursive: true, force: true });
});

test("tune measures every profile of the kind; reconstruct takes what it saved, unless told otherwise", async () => {
  const tune = await run("tune", "--size", "8", "--batch-size", "2", "--device", "software", "--save", "--json");
  expect(tune.code, tune.err).toBe(0);
  const report = JSON.parse(tune.out);
  expect(report.profiles.map(({ profile }: { profile: string }) => profile)).toEqual([
    "lanes",
    "serial",
    "looped",
    "unrolled",
  ]);
  expect(report.profiles.filter(({ isDefault }: { isDefault: boolean }) => isDefault)).toHaveLength(1);
  for (const { patternsPerSecond, reason } of report.profiles) {
    expect(reason).toBeNull();
    expect(patternsPerSecond).toBeGreaterThan(0);
  }
  const saved = JSON.parse(readFileSync(report.savedIn, "utf8"));
  expect(saved.adapters[report.adapter].profile).toBe(report.fastest);

  const { profile: standard } = report.profiles.find(({ isDefault }: { isDefault: boolean }) => isDefault);
  const other = standard === "looped" ? "serial" : "looped";
  const write = (text: string) => writeFileSync(report.savedIn, text);
  write(
    JSON.stringify({ ...saved, adapters: { [report.adapter]: { ...saved.adapters[report.adapter], profile: other } } }),
  );
  const scan = join(root, "scan.npz");
  writeFileSync(scan, scanFile());
  const profileOf = async (name: string, ...flags: string[]) => {
    const output = join(root, name);
    const { code, err } = await run(
      "reconstruct",
      scan,
      "-o",
      output,
      "--device",
      "software",
      "--epochs",
      "2",
      ...flags,
    );
    expect(code, err).toBe(0);
    const { profile, profileSource, options } = JSON.parse(readFileSync(join(output, "run.json"), "utf8"));
    return { profile, profileSource, option: options.profile, err };
  };
  expect(await profileOf("tuned")).toMatchObject({ profile: other, profileSource: "tuned", option: null });
  const named = await profileOf("named", "--profile", standard);
  expect(named).toMatchObject({ profile: standard, profileSource: "option", option: standard });
  write("{");
  const broken = await profileOf("broken");
  expect(broken).toMatchObject({ profile: standard, profileSource: "adapter", option: null });
  expect(broken.err).toMatch(/warning: .*tuned-profiles\.json is ignored: .*\[TUNED_FILE\]/);
  expect(named.err).not.toContain("TUNED_FILE");
});

test("a resumed run keeps its checkpoint's profile, whatever was tuned meanwhile, and gives the same bits", async () => {
  const { device } = await openTestDevice();
  const { dataset } = makeTinyScan();
  const options = { epochs: 3, batchSize: 5, canvas: { extraPx: 6 } } as const;
  const checkpoints: Checkpoint[] = [];
  const save = async (checkpoint: Checkpoint) => void checkpoints.push(checkpoint);
  const go = (hooks: ReconstructHooks) => reconstruct(device, dataset, options, hooks);
  const whole = await go({ tunedProfile: "looped", checkpoints: { everySeconds: 0, save } });
  expect(whole).toMatchObject({ profile: "looped", profileSource: "tuned" });
  expect(checkpoints.map(({ profile }) => profile)).toEqual(["looped", "looped"]);
  const resumed = await go({ tunedProfile: "shared", resumeFrom: checkpoints[0]! });
  expect(resumed).toMatchObject({ profile: "looped", profileSource: "checkpoint" });
  expect(bitsOf(resumed)).toEqual(bitsOf(whole));
});
