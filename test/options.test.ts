// Options: defaults, refusals that name option, expectation and value, contradictions, JSON Schema.
import { describe, expect, it } from "vitest";
import { OptionsError } from "../src/errors.ts";
import { parseOptions, reconstructOptionsSchema } from "../src/options.ts";
import { describeRules, listOptions, optionsJsonSchema } from "../src/options-help.ts";
import { findNearestName } from "../src/options-issue.ts";

function refusal(text: string): OptionsError {
  try {
    parseOptions(JSON.parse(text), "o.json");
  } catch (error) {
    if (error instanceof OptionsError) return error;
    throw error;
  }
  throw new Error(`accepted ${text}`);
}

describe("parseOptions", () => {
  it("fills in the defaults of issue 3", () => {
    const options = parseOptions({});
    expect(options).toMatchObject({ epochs: 100, batchSize: 96, batching: "random", noiseModel: "gaussian" });
    expect(options.probe.power.enabled).toBe(false);
    expect(options.canvas.extraPx).toBe(50);
    expect(options.object.removeObjectProbeAmbiguity.plan.stride).toBe(10);
  });

  it("accepts its own output", () => {
    const options = parseOptions({ probe: { modes: 3 }, canvas: { originRule: "specified", originPx: [1, 2.5] } });
    expect(parseOptions(options)).toEqual(options);
  });

  it.each([
    ['{"epoch":3}', "OPTIONS_KEY", "epoch", "epochs"],
    ['{"object":{"stepsize":1}}', "OPTIONS_KEY", "object.stepsize", "object.stepSize"],
    ['{"__proto__":{"epochs":3}}', "OPTIONS_KEY", "__proto__", "one of algorithm"],
    ['{"probe":{"constructor":1}}', "OPTIONS_KEY", "probe.constructor", ""],
    ['{"epochs":"5"}', "OPTIONS_VALUE", "epochs", 'expected an integer of at least 1, got "5"'],
    ['{"epochs":-1}', "OPTIONS_VALUE", "epochs", "got -1"],
    ['{"epochs":1e999}', "OPTIONS_VALUE", "epochs", "got Infinity"],
    ['{"epochs":9007199254740993}', "OPTIONS_VALUE", "epochs", "at least 1"],
    ['{"epochs":null}', "OPTIONS_VALUE", "epochs", "got null"],
    ['{"batchSize":0}', "OPTIONS_VALUE", "batchSize", "got 0"],
    ['{"batchSize":1.5}', "OPTIONS_VALUE", "batchSize", "got 1.5"],
    ['{"seed":4294967296}', "OPTIONS_VALUE", "seed", "from 0 to 4294967295"],
    ['{"batching":"sparse"}', "OPTIONS_VALUE", "batching", "random or uniform"],
    ['{"profile":"fast"}', "OPTIONS_VALUE", "profile", "shared, shared-16k, lanes, serial, looped, unrolled or null"],
    ['{"probe":{"modes":99}}', "OPTIONS_VALUE", "probe.modes", "an integer from 1 to 32 or null"],
    ['{"probe":{"power":{"target":"x"}}}', "OPTIONS_VALUE", "probe.power.target", "a number above 0 or median-total"],
    ['{"canvas":{"shapePx":[100]}}', "OPTIONS_VALUE", "canvas.shapePx", "a list of 2"],
    ['{"canvas":{"shapePx":[100,0]}}', "OPTIONS_VALUE", "canvas.shapePx.1", "got 0"],
    ['{"data":"x"}', "OPTIONS_VALUE", "data", 'expected an object, got "x"'],
    ["[]", "OPTIONS_VALUE", undefined, "got []"],
    ['{"canvas":{"originPx":[1,2]}}', "OPTIONS_CONFLICT", "canvas.originPx", "specified"],
    ['{"canvas":{"originRule":"specified"}}', "OPTIONS_CONFLICT", "canvas.originPx", "got none"],
    ['{"probe":{"plan":{"start":5,"stop":5}}}', "OPTIONS_CONFLICT", "probe.plan", "above 5"],
  ])("refuses %s", (text, code, field, words) => {
    const error = refusal(text);
    expect(error.code).toBe(code);
    expect(error.exitCode).toBe(78);
    expect(error.details.source).toBe("o.json");
    expect(error.details.field).toBe(field);
    expect(error.message).toContain(words);
    expect(Object.prototype).not.toHaveProperty("epochs");
  });
});

describe("listOptions", () => {
  const facts = listOptions(reconstructOptionsSchema);
  const at = (path: string) => facts.find((fact) => fact.path.join(".") === path)!;

  it("describes every option", () => {
    const silent = facts.filter(({ description }) => description === "").map(({ path }) => path.join("."));
    expect(silent).toEqual([]);
  });

  it("knows defaults and bounds", () => {
    expect(at("epochs").defaultValue).toBe(100);
    expect(describeRules(at("epochs").rules)).toBe("an integer of at least 1");
    expect(describeRules(at("probe.extraModeEnergy").rules)).toBe("a number above 0 and at most 0.5");
    expect(describeRules(at("data.memoryBudgetBytes").rules)).toBe("an integer above 0 or null");
    expect(at("object.removeObjectProbeAmbiguity.enabled").description).toContain("unit weighted RMS");
  });

  it("the JSON Schema refuses unknown names and knows every default", () => {
    const schema = optionsJsonSchema(reconstructOptionsSchema) as Record<string, unknown>;
    expect(schema.additionalProperties).toBe(false);
    expect(JSON.stringify(schema)).toContain('"default":"median-total-intensity"');
  });
});

describe("findNearestName", () => {
  const names = ["epochs", "seed", "batch-size", "canvas-extra", "probe-modes"];
  it.each([
    ["epoch", "epochs"],
    ["epohcs", "epochs"],
    ["Seed", "seed"],
    ["batchsize", "batch-size"],
    ["canvas", "canvas-extra"],
    ["modes", "probe-modes"],
    ["photons", null],
    ["x", null],
  ])("%s -> %s", (wrong, right) => {
    expect(findNearestName(wrong, names)).toBe(right);
  });
});
