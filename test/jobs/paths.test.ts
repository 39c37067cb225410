// Paths of any machine as text.

import { describe, expect, it } from "vitest";
import {
  formatPath,
  isAbsolutePath,
  joinPath,
  parentPath,
  parsePath,
  partsBelow,
  resolvePath,
} from "../../src/jobs/paths.ts";

describe("paths", () => {
  it.each([
    ["/a//b/./c/../d/", "/a/b/d"],
    ["/../a", "/a"],
    ["a/../../b", "../b"],
    ["", "."],
    ["c:/Users/x\\y", "C:\\Users\\x\\y"],
    ["\\\\?\\C:\\x", "C:\\x"],
    ["\\\\server\\share\\a\\..\\b", "\\\\server\\share\\b"],
    ["data\\phase_c", "data\\phase_c"],
    ["/with\\backslash", "/with\\backslash"],
  ])("%s is read as %s", (text, formatted) => expect(formatPath(parsePath(text))).toBe(formatted));

  it("knows absolute paths of both kinds", () => {
    expect(["/a", "C:\\a", "\\\\s\\t\\a", "a", "./a", "a\\b", "C:a"].map(isAbsolutePath)).toEqual([
      ...[true, true, true],
      ...[false, false, false, false],
    ]);
  });

  it("joins in the form of the base", () => {
    expect(joinPath("/data", "phase_c", "dose_1000")).toBe("/data/phase_c/dose_1000");
    expect(joinPath("D:\\data", "phase_c", "x.npz")).toBe("D:\\data\\phase_c\\x.npz");
    expect(resolvePath("/data/phase_e", "../phase_c/x.npz")).toBe("/data/phase_c/x.npz");
    expect(resolvePath("/data", "run\\phase_c")).toBe("/data/run/phase_c");
    expect(resolvePath("/data", "/other/x")).toBe("/other/x");
    expect(parentPath("/data/a/b.npz")).toBe("/data/a");
  });

  it.each([
    ["/run/phase_c", "/run/phase_c/dose_1/x.npz", ["dose_1", "x.npz"]],
    ["/run/phase_c/", "/run/./phase_d/../phase_c/x.npz", ["x.npz"]],
    ["/run/phase_c", "/run/phase_c2/x.npz", null],
    ["/run/phase_c", "/Run/phase_c/x.npz", null],
    ["C:\\Run\\phase_c", "c:/run/PHASE_C/x.npz", ["x.npz"]],
    ["C:\\run", "D:\\run\\x.npz", null],
    ["run/phase_c", "run/phase_c/x.npz", ["x.npz"]],
    ["run\\phase_c", "run/phase_c/x.npz", ["x.npz"]],
    ["run/phase_c", "/home/a/run/phase_c/x.npz", ["x.npz"]],
    ["/home/a/run/phase_c", "run/phase_c/x.npz", ["x.npz"]],
    ["/home/a/run/phase_c", "dose_1/x.npz", null],
    [".", "a/x.npz", ["a", "x.npz"]],
    [".", "/a/x.npz", null],
  ])("below %s, %s is %j", (root, path, below) => expect(partsBelow(root, path)).toEqual(below));
});
