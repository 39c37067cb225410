// The Phase E manifest in every form, and rows D1 to D9 of the fault matrix as far as a parser meets them.

import { describe, expect, it } from "vitest";
import { parseManifest } from "../../src/jobs/manifest.ts";
import { parseJson } from "../../src/node/parse-json.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { type AnyJson, manifestJson, manifestText, readFixture } from "../support/study-folders.ts";

const refuses = (json: unknown, code: string, mentions: readonly (string | RegExp)[]) =>
  expectRefusal(() => parseManifest(json, "m.json"), code, ["m.json", ...mentions], 78);
/** A fixture of nine jobs with one change. */
function changed(change: (manifest: AnyJson) => void): unknown {
  const json = manifestJson("dry-run");
  change(json);
  return json;
}

describe("forms of the manifest", () => {
  it.each([
    ["dry-run", 9, 0],
    ["success", 1, 1],
    ["failed", 3, 0],
    ["early", 9, 0],
    ["nan-loss", 1, 0],
    ["windows", 9, 0],
    ["relative", 9, 0],
    ["baseline-under-phase-d", 9, 0],
  ])("%s: %i jobs, %i skipped views", (name, jobs, skipped) => {
    const manifest = readFixture(name);
    expect(manifest.jobs).toHaveLength(jobs);
    expect(manifest.skippedViews).toHaveLength(skipped);
    expect(manifest.notes).toEqual([]);
    expect(manifest.phaseCRoot).toMatch(/phase_c$/);
  });
  it("reads roots, filters, results", () => {
    const manifest = readFixture("success");
    expect(manifest).toMatchObject({
      phaseDRoot: "/home/elsewhere/run/phase_d",
      artifactRoot: "/home/elsewhere/run/phase_e",
      filters: { dose: 1000, view: "dense", gridsize: 2 },
      skippedViews: [{ dose: 1000, view: "sparse" }],
    });
    expect(readFixture("early").filters).toEqual({ dose: null, view: null, gridsize: null });
    expect(readFixture("failed").jobs[0]!.result).toEqual({ status: "failed", error: "loss is not a number" });
    expect(readFixture("nan-loss").jobs[0]!.result).toMatchObject({ final_loss: "NaN" });
  });
  it("keeps unknown fields at every level", () => {
    const manifest = parseManifest(
      changed((json) => {
        json.site = { rack: 4 };
        json.jobs[2].colour = "green";
        json.filters.extra = [1];
      }),
    );
    expect(manifest.fields.site).toEqual({ rack: 4 });
    expect(manifest.jobs[2]!.colour).toBe("green");
    expect(manifest.fields.filters!.extra).toEqual([1]);
  });
  it("leaves out what is optional", () => {
    const job = { dose: 5, view: "dense", gridsize: 2, train_data_path: "a", test_data_path: "b" };
    expect(parseManifest({ jobs: [job] })).toMatchObject({ phaseCRoot: null, skippedViews: [], jobs: [job] });
    expect(parseManifest({ jobs: [] }).jobs).toEqual([]);
  });
  it("notes a misspelt optional field and contradictions of the skipped views", () => {
    const { notes } = parseManifest(
      changed((json) => {
        json.skiped_count = json.skipped_count;
        delete json.skipped_count;
        json.skipped_views = [{ dose: 1000, view: "dense", reason: "none" }];
      }),
    );
    expect(notes.join("\n")).toMatch(/`skiped_count` is not used; was `skipped_count`/);
    expect(notes.join("\n")).toMatch(/both lists and skips dose=1000.0, view=dense/);
    expect(parseManifest(changed((json) => (json.skipped_count = 3))).notes).toEqual([
      "the manifest counts 3 skipped views and lists 0",
    ]);
  });
});

describe("D1: text that is no JSON", () => {
  const codes = { syntax: "MANIFEST_SYNTAX", duplicateKey: "MANIFEST_KEY", depth: "MANIFEST_SYNTAX" };
  const reads = (text: string, acceptNonFinite = true) => parseJson(text, "m.json", { codes, acceptNonFinite });
  it.each([
    ["a cut text", '{"jobs": [', "line 1, column 11"],
    ["a comment", '{\n// jobs\n"jobs": []}', "line 2, column 1"],
    ["a byte order mark", '\ufeff{"jobs": []}', "byte order mark"],
    ["a trailing comma", '{"jobs": [1,]}', "column 13"],
    ["10,000 levels", "[".repeat(10000), "more than 64 levels"],
    ["a word like a number", '{"a": NaNa}', "column 10"],
    ["a number as a key", "{NaN: 1}", "column 2"],
  ])("%s", async (_, text, place) => {
    await expectRefusal(() => reads(text), "MANIFEST_SYNTAX", ["m.json", place], 78);
  });
  it("numbers of Python that JSON lacks are text, elsewhere a fault", async () => {
    expect(reads('[NaN, {"a":Infinity},-Infinity,"NaN, Infinity", -1]')).toEqual([
      "NaN",
      { a: "Infinity" },
      "-Infinity",
      "NaN, Infinity",
      -1,
    ]);
    await expectRefusal(() => reads("[NaN]", false), "MANIFEST_SYNTAX", ["column 2"], 78);
  });
  it("the fixture with lost losses has four of them", () => {
    expect(manifestText("nan-loss").match(/NaN|Infinity/g)).toHaveLength(4);
  });
});

describe("D2: keys", () => {
  it("a duplicate one", async () => {
    const codes = { syntax: "MANIFEST_SYNTAX", duplicateKey: "MANIFEST_KEY", depth: "MANIFEST_SYNTAX" };
    await expectRefusal(() => parseJson('{"jobs": [], "jobs": []}', "m.json", { codes }), "MANIFEST_KEY", [/jobs/], 78);
  });
  it("a missing one, with the misspelt name that is there", async () => {
    const json = changed((manifest) => {
      manifest.jobs[3].train_data_pth = manifest.jobs[3].train_data_path;
      delete manifest.jobs[3].train_data_path;
    });
    await refuses(json, "MANIFEST_KEY", [/jobs\[3\]\.train_data_path/, /`train_data_pth` is not known/]);
    await refuses({}, "MANIFEST_KEY", [/m\.json: jobs: this field is missing/]);
  });
});

describe("D3: __proto__", () => {
  it.each(['{"__proto__": {"jobs": []}}', '{"jobs": [], "a": [{"b": {"__proto__": {"dose": 1}}}]}'])(
    "%s",
    async (text) => {
      await refuses(parseJson(text, "m.json"), "MANIFEST_KEY", ["__proto__"]);
      expect(({} as { dose?: number; jobs?: unknown }).dose).toBeUndefined();
    },
  );
});

describe("D4: values", () => {
  it.each([
    ["1e999", "jobs[4].dose", (json: AnyJson) => (json.jobs[4].dose = Number.POSITIVE_INFINITY), "Infinity"],
    ["2^53 + 1", "jobs[4].dose", (json: AnyJson) => (json.jobs[4].dose = 2 ** 53 + 2), "at most 9007199254740991"],
    ["text for a number", "jobs[0].dose", (json: AnyJson) => (json.jobs[0].dose = "5"), 'a number above 0, got "5"'],
    ["a negative dose", "jobs[0].dose", (json: AnyJson) => (json.jobs[0].dose = -1), "a number above 0, got -1"],
    ["a negative count", "skipped_count", (json: AnyJson) => (json.skipped_count = -1), "at least 0"],
    ["half a gridsize", "jobs[8].gridsize", (json: AnyJson) => (json.jobs[8].gridsize = 1.5), "an integer, got 1.5"],
    ["an object for a list", "jobs", (json: AnyJson) => (json.jobs = {}), "a list"],
    ["text for a job", "jobs[1]", (json: AnyJson) => (json.jobs[1] = "dense"), "an object"],
    ["a number for filters", "filters", (json: AnyJson) => (json.filters = 3), "an object or null, got 3"],
    ["text in the filters", "filters.dose", (json: AnyJson) => (json.filters.dose = "1000"), "a number or null"],
    ["an empty path", "jobs[0].test_data_path", (json: AnyJson) => (json.jobs[0].test_data_path = ""), 'got ""'],
    ["a zero byte in a path", "phase_c_root", (json: AnyJson) => (json.phase_c_root = "/a\0b"), "phase_c_root"],
    [
      "skipped views of another shape",
      "skipped_views[0]",
      (json: AnyJson) => (json.skipped_views = ["sparse"]),
      "an object",
    ],
  ] as [string, string, (json: AnyJson) => void, string][])("%s: %s", async (_, field, change, text) => {
    const error = await refuses(changed(change), "MANIFEST_VALUE", []);
    expect(error.details.field).toBe(field);
    expect(error.message).toContain(text);
  });
  it("no object at all", async () => {
    for (const json of [null, [], "jobs", 5]) await refuses(json, "MANIFEST_VALUE", ["an object"]);
  });
});

describe("D5: contradictions of view and gridsize", () => {
  it("a baseline in groups", async () => {
    const json = changed((manifest) => (manifest.jobs[0].gridsize = 2));
    await refuses(json, "MANIFEST_CONFLICT", [/jobs\[0\]\.gridsize/, "Baseline jobs must use gridsize=1"]);
  });
  it("a view without groups", async () => {
    const json = changed((manifest) => (manifest.jobs[2].gridsize = 1));
    await refuses(json, "MANIFEST_CONFLICT", [/Overlap jobs \(sparse\) must use gridsize=2/]);
  });
});

describe("D6: names of jobs", () => {
  it("one cell twice, ids equal but for case, doses of one folder", async () => {
    await refuses(
      changed((json) => json.jobs.push(json.jobs[4])),
      "MANIFEST_JOB_ID",
      [/jobs\[9\]/, /jobs\[4\]/],
    );
    const folded = changed((json) => json.jobs.push({ ...json.jobs[4], view: "DENSE" }));
    await refuses(folded, "MANIFEST_JOB_ID", ["case does not count"]);
    const near = changed((json) => json.jobs.push({ ...json.jobs[4], dose: 10000.5 }));
    await refuses(near, "MANIFEST_JOB_ID", ["dose_10000/dense"]);
  });
  it.each(["../x", "CON", "com1", "", ".", "a/b", "a b", "x".repeat(300)])("a view named %s", async (view) => {
    const error = await refuses(
      changed((json) => (json.jobs[1].view = view)),
      "MANIFEST_JOB_ID",
      [/jobs\[1\]\.view/],
    );
    expect(error.message.length).toBeLessThan(250);
  });
});

describe("D9: versions", () => {
  it("a newer one is refused before its fields are read", async () => {
    await refuses({ schema_version: "2.0", tasks: [] }, "MANIFEST_VERSION", [/at most 1/, /got 2\.0/]);
    await refuses({ schema_version: 3 }, "MANIFEST_VERSION", []);
  });
  it("the known one and none are read", () => {
    expect(parseManifest(changed((json) => (json.schema_version = "1.4"))).jobs).toHaveLength(9);
  });
});
