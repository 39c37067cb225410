// The file of tuned profiles: where it lies, what comes back from it, and that a broken one hinders nobody.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { AdapterFacts } from "../../src/gpu/device.ts";
import {
  findTunedProfile,
  identifyAdapter,
  saveTunedProfile,
  type TunedProfile,
  tunedProfilesPath,
  tunedProfilesSchema,
} from "../../src/node/tuned-profiles.ts";
import { describeFacts } from "../support/adapter-facts.ts";
import { expectRefusal } from "../support/expect-refusal.ts";

const root = mkdtempSync(join(tmpdir(), "ptycho-tuned-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let path: string;
let count = 0;
beforeEach(() => {
  path = join(root, String(count++), "deep", "tuned-profiles.json");
});

const here = describeFacts("hardware");
const there: AdapterFacts = { ...here, device: "another" };
const tuned = (profile: TunedProfile["profile"]): TunedProfile => ({
  ...{ profile, measuredAt: "2026-01-02T03:04:05.000Z", sizePx: 128, modes: 1, batchSize: 96 },
  patternsPerSecond: { shared: 8, "shared-16k": null, [profile]: 12.5 },
});
const put = (text: string) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};

describe("the place", () => {
  const home = join("/", "home", "me");
  const name = ["ptycho-webgpu", "tuned-profiles.json"];
  test.each([
    ["linux", {}, [home, ".config"]],
    ["linux", { XDG_CONFIG_HOME: "/etc/me" }, ["/etc/me"]],
    ["linux", { XDG_CONFIG_HOME: "relative" }, [home, ".config"]],
    ["darwin", { XDG_CONFIG_HOME: "/etc/me" }, [home, "Library", "Application Support"]],
    ["win32", { APPDATA: join("/", "roaming") }, ["/", "roaming"]],
    ["win32", {}, [home, "AppData", "Roaming"]],
  ] as const)("on %s with %o", (platform, env, folder) => {
    expect(tunedProfilesPath({ platform, env, home })).toBe(join(...folder, ...name));
  });
});

test("an adapter gets what was saved for it last, others keep theirs", async () => {
  expect(await findTunedProfile(here, path)).toEqual({ profile: null, notes: [] });
  expect(await saveTunedProfile(here, tuned("shared"), path)).toBe(path);
  await saveTunedProfile(there, tuned("shared-16k"), path);
  await saveTunedProfile(here, tuned("serial"), path);
  const found = await findTunedProfile(here, path);
  expect(found.profile).toBe("serial");
  expect(found.notes).toEqual([{ level: "info", code: "TUNED_PROFILE", message: expect.stringContaining("serial") }]);
  expect((await findTunedProfile(there, path)).profile).toBe("shared-16k");
  expect(await findTunedProfile({ ...here, description: "a newer driver" }, path)).toEqual({
    profile: null,
    notes: [],
  });
  expect(readdirSync(dirname(path))).toEqual(["tuned-profiles.json"]);
  const record = tunedProfilesSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  expect(record.adapters[identifyAdapter(here)]).toEqual(tuned("serial"));
});

test("a choice from before one of the adapter's profiles existed is not taken", async () => {
  const { shared, ...others } = tuned("shared-16k").patternsPerSecond;
  await saveTunedProfile(here, { ...tuned("shared-16k"), patternsPerSecond: others }, path);
  const { profile, notes } = await findTunedProfile(here, path);
  expect([shared, profile]).toEqual([8, null]);
  expect(notes).toEqual([
    { level: "warning", code: "TUNED_OLD", message: expect.stringMatching(/shared;.*tune --save/) },
  ]);
});

test("an adapter is told by its names and the way to it alone", () => {
  expect(identifyAdapter(here)).toBe("vendor, architecture, device-name-, description, vulkan");
  expect(identifyAdapter({ ...here, driver: null, limits: { ...here.limits, maxBufferSize: 1 } })).toBe(
    identifyAdapter(here),
  );
  expect(identifyAdapter({ ...here, architecture: "", backend: null })).toBe("vendor, device-name-, description");
});

describe("a broken file", () => {
  const whole = JSON.stringify({
    format: "ptycho-webgpu tuned profiles",
    formatVersion: 1,
    adapters: { [identifyAdapter(here)]: tuned("shared") },
  });
  const damages: [string, string, string][] = [
    ["cut", whole.slice(0, -9), "JSON"],
    ["empty", "", "JSON"],
    ["no object", "[]", "expected object"],
    ["of another program", whole.replace("tuned profiles", "run"), "format"],
    ["of another version", whole.replace('"formatVersion":1', '"formatVersion":2'), "formatVersion"],
    ["with an unknown profile", whole.replace('"profile":"shared"', '"profile":"fast"'), "profile"],
  ];
  test.each(damages)("%s: is named in a note and ignored", async (_, text, reason) => {
    put(text);
    const { profile, notes } = await findTunedProfile(here, path);
    expect(profile).toBeNull();
    expect(notes).toEqual([{ level: "warning", code: "TUNED_FILE", message: expect.stringContaining(reason) }]);
    expect(notes[0]!.message.split(path)).toHaveLength(2);
    expect(readFileSync(path, "utf8")).toBe(text);
  });
  test("is put aside when a choice is saved", async () => {
    put("{");
    await saveTunedProfile(here, tuned("shared"), path);
    expect((await findTunedProfile(here, path)).profile).toBe("shared");
    expect(readFileSync(`${path}.damaged`, "utf8")).toBe("{");
  });
});

test("a place that takes no file: a typed error that says how to go on, and nothing left behind", async () => {
  put("");
  const mentions = [path, "--profile looped"];
  await expectRefusal(saveTunedProfile(here, tuned("looped"), join(path, "x.json")), "OUTPUT_KIND", [...mentions], 74);
  rmSync(path);
  symlinkSync("elsewhere", path);
  await expectRefusal(saveTunedProfile(here, tuned("looped"), path), "IO_SYMLINK", mentions, 74);
  expect(existsSync(join(dirname(path), "elsewhere"))).toBe(false);
  expect(readdirSync(dirname(path))).toEqual(["tuned-profiles.json"]);
});
