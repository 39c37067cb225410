// The command line without a GPU: usage, refusals with the right exit code, nothing left behind.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nodeFileSystem } from "../../src/node/file-system.ts";
import { createOutputFolder } from "../../src/node/output-folder.ts";
import { npyPickled } from "../support/npz-builder.ts";
import { runHere as run } from "../support/run-here.ts";
import { scanFile, scanMembers } from "../support/scan-files.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("usage", () => {
  it("help of the program and of every command", async () => {
    expect((await run("--help")).out).toContain("reconstruct");
    for (const command of ["reconstruct", "inspect", "simulate", "compare", "doctor", "tune", "options"]) {
      const { code, out } = await run(command, "--help");
      expect(code).toBe(0);
      expect(out).toContain(`ptycho ${command}`);
    }
  });
  it("every option of the schema has a flag", async () => {
    const { out } = await run("reconstruct", "--help");
    for (const flag of [
      "--epochs",
      "--canvas-extra",
      "--device-memory",
      "--probe-modes",
      "--pixel-size-m",
      "--no-object-optimize",
      "--probe-plan-stride",
      "--profile",
    ]) {
      expect(out).toContain(flag);
    }
  });
  it("version", async () => expect((await run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/));
  it("an unknown command and an unknown flag name the nearest", async () => {
    expect(await run("reconstrct")).toMatchObject({ code: 2, err: expect.stringContaining("reconstruct") });
    expect(await run("reconstruct", "a.npz", "--output", "x", "--epoch", "3")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--epochs"),
    });
  });
  it("a flag of another command is told to be so", async () => {
    expect(await run("inspect", "a.npz", "--epochs", "3")).toMatchObject({
      code: 2,
      err: "ptycho: --epochs: unknown flag. It belongs to ptycho reconstruct [CLI_FLAG]\n",
    });
    expect((await run("doctor", "--intensity")).err).toContain("It belongs to ptycho reconstruct and inspect");
  });
  it("a bad value on the command line is exit 2 and names the flag", async () => {
    for (const [flag, value] of [
      ["--epochs", "0"],
      ["--batch-size", "x"],
      ["--noise-model", "cauchy"],
      ["--device", "cpu"],
      ["--device-memory", "much"],
    ]) {
      const { code, err } = await run("reconstruct", "a.npz", "--output", join(folder, "x"), flag!, value!);
      expect(code, flag).toBe(2);
      expect(err).toContain(flag);
    }
  });
  it("pairs are given with or without brackets, and the help shows how", async () => {
    expect((await run("simulate", "--help")).out).toMatch(/2 values joined by a comma, each an integer .*\[64,64\]$/m);
    for (const [value, fine] of [
      ["16,16", true],
      ["[16, 16]", true],
      ["16", false],
      ["16,", false],
      ["16,16,16", false],
      ["[16,16", false],
    ] as const) {
      const { code, err } = await run(
        "simulate",
        "--pattern-shape-px",
        value,
        "--output",
        join(folder, "no/such/x.npz"),
      );
      expect(code === 2, `${value}: ${err}`).toBe(!fine);
      if (!fine) expect(err).toContain("2 values joined by a comma");
    }
  });
  it("a bad value in --config is exit 78 and names file and option", async () => {
    const config = put("options.json", '{ "probe": { "modes": 0 } }');
    const { code, err } = await run("reconstruct", "a.npz", "--output", join(folder, "x"), "--config", config);
    expect(code).toBe(78);
    expect(err).toContain(config);
    expect(err).toContain("probe.modes");
  });
  it("the JSON Schema is JSON", async () =>
    expect(JSON.parse((await run("options", "--json-schema")).out).properties.epochs.default).toBe(100));
});

describe("refused input: the right code, the key, no stack, no folder", () => {
  const whole = scanFile(scanMembers());
  const damaged = whole.slice();
  damaged[Math.floor(damaged.length / 2)]! ^= 1;
  const cases: [string, Uint8Array, string, string][] = [
    ["truncated", whole.subarray(0, whole.length - 100), "ZIP_TRUNCATED", ""],
    ["wrong CRC", damaged, "ZIP_CRC", "objectGuess"],
    ["an object array", scanFile({ ...scanMembers(), probeGuess: npyPickled() }), "NPY_OBJECT_REFUSED", "probeGuess"],
    ["a missing key", scanFile(scanMembers(), { without: ["xcoords"] }), "DATA_MISSING_KEY", "xcoords"],
    ["no archive", new Uint8Array(5000).fill(7), "ZIP_NOT_ARCHIVE", ""],
  ];
  for (const [name, bytes, code, key] of cases) {
    it(name, async () => {
      const path = put("bad.npz", bytes);
      const output = join(folder, "out-bad");
      const result = await run("reconstruct", path, "--output", output);
      expect(result.code, result.err).toBe(65);
      expect(result.err).toContain(`[${code}]`);
      expect(result.err).toContain(key);
      expect(result.err.trimEnd().split("\n").length).toBe(1);
      expect(existsSync(output)).toBe(false);
      const json = await run("reconstruct", path, "--output", output, "--json");
      expect(JSON.parse(json.out)).toMatchObject({ event: "error", code, exitCode: 65 });
    });
  }
  it("a missing file is exit 66", async () =>
    expect((await run("reconstruct", join(folder, "none.npz"), "--output", join(folder, "x"))).code).toBe(66));
  it("an existing result is refused before anything is read", async () => {
    put("run.json", "{}");
    expect(await run("reconstruct", join(folder, "none.npz"), "--output", folder)).toMatchObject({
      code: 74,
      err: expect.stringContaining("--overwrite"),
    });
  });
});

describe("simulate and inspect", () => {
  const options = ["--pattern-shape-px", "16,16", "--scan-positions", "16", "--scan-step-px", "3"];
  it("the same seed gives the same bytes, another seed others", async () => {
    const paths = ["a", "b", "c"].map((name) => join(folder, `${name}.npz`));
    for (const [index, path] of paths.entries()) {
      const { code, err } = await run("simulate", "--output", path, "--seed", index === 2 ? "2" : "1", ...options);
      expect(code, err).toBe(0);
    }
    const [a, b, c] = paths.map((path) => readFileSync(path));
    expect(a!.equals(b!)).toBe(true);
    expect(a!.equals(c!)).toBe(false);
    expect((await run("simulate", "--output", paths[0]!, ...options)).code).toBe(74);
    // As many patterns as pixels per side: the file itself says which axis is which.
    const inspected = await run("inspect", paths[0]!);
    expect(inspected.code, inspected.out).toBe(0);
  });
  it("makes the folders it needs, and says it when it cannot", async () => {
    const deep = join(folder, "new", "deep", "scan.npz");
    expect((await run("simulate", "--output", deep, ...options)).code).toBe(0);
    expect(existsSync(deep)).toBe(true);
    // as in /proc, where nothing of ours can be gone
    const refusing = {
      ...nodeFileSystem,
      createFolder: () => Promise.reject(Object.assign(new Error(), { code: "ENOENT" })),
    };
    await expect(createOutputFolder(join(folder, "never"), refusing)).rejects.toMatchObject({
      code: "OUTPUT_FOLDER",
      exitCode: 74,
      message: expect.stringContaining("the folder cannot be made here"),
    });
  });
  it("inspect as text, as JSON, and from headers only", async () => {
    const path = put("good.npz", scanFile(scanMembers()));
    expect((await run("inspect", path)).out).toContain("canvas");
    const full = JSON.parse((await run("inspect", path, "--json")).out);
    expect(full.sha256).toMatch(/^[0-9a-f]{64}$/);
    const canvas = async (...flags: string[]) => JSON.parse((await run("inspect", path, "--json", ...flags)).out);
    expect((await canvas("--canvas-shape", "77,99")).canvasPx).toEqual([77, 99]);
    const { canvasPx } = await canvas("--canvas-extra", "7");
    expect(canvasPx).toEqual(full.canvasPx.map((length: number) => length - 43));
    const specified = ["--canvas-origin-rule", "specified", "--canvas-origin"];
    expect((await canvas(...specified, "60,60")).findings).toContainEqual(
      expect.objectContaining({ level: "error", code: "CANVAS_ORIGIN" }),
    );
    expect((await canvas(...specified, "59.5,59.5")).canvasPx).toEqual(full.canvasPx);
    const quick = JSON.parse((await run("inspect", path, "--json", "--quick")).out);
    expect(quick.sha256).toBe(null);
    expect(quick.patterns.count).toBe(full.patterns.count);
  });
});
