// Every refusal as people meet it on the command line: exit code, one line that names file, key and code, nothing left
// behind. No adapter has the name that is asked for: whoever opened a device first would end with 69 instead.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildZip } from "../support/npz-builder.ts";
import { refusedFiles, titleOf } from "../support/refused-files.ts";
import { runHere as run } from "../support/run-here.ts";
import { builtMembers, scanFile } from "../support/scan-files.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-refusals-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "bad scan.npz");
const output = join(folder, "out", "deep");
const noAdapter = ["--adapter", "no adapter of this name"];

/** Exactly one line that begins with the file and ends with the code; nothing of a stack. */
function expectOneLine(err: string, code: string, names: readonly string[]): void {
  expect(err.endsWith(`[${code}]\n`), err).toBe(true);
  expect(err.startsWith(`ptycho: ${path}: `), err).toBe(true);
  expect(err.trimEnd().split("\n"), err).toHaveLength(1);
  expect(err).not.toMatch(/\bat .*\.(ts|js):\d+/);
  for (const name of names) expect(err).toContain(name);
}

describe.each(refusedFiles.map((refused) => [titleOf(refused), refused] as const))(
  "%s",
  (_, { file, code, names, flags = [] }) => {
    it(`is refused with ${code}`, async () => {
      writeFileSync(path, file());
      const refused = await run("reconstruct", path, "--output", output, ...noAdapter, ...flags);
      expect(refused.code, refused.err).toBe(65);
      expect(refused.out).toBe("");
      expectOneLine(refused.err, code, names);
      const json = await run("reconstruct", path, "--output", output, "--json", ...noAdapter, ...flags);
      expect(json.code).toBe(65);
      expect(json.err).toBe(refused.err);
      const message = refused.err.slice("ptycho: ".length).trimEnd();
      expect(JSON.parse(json.out)).toMatchObject({ event: "error", code, exitCode: 65, source: path, message });
      expect(readdirSync(folder)).toEqual(["bad scan.npz"]);
    });

    it("and inspect says the same", async () => {
      writeFileSync(path, file());
      const text = await run("inspect", path, ...flags);
      expect(text.code, text.out).toBe(65);
      expect(text.out + text.err).toContain(`[${code}]`);
      expect(text.out + text.err).not.toMatch(/\bat .*\.(ts|js):\d+/);
      const json = await run("inspect", path, "--json", ...flags);
      expect(json.code).toBe(65);
      const report = JSON.parse(json.out);
      const told =
        report.event === "error" ? report : report.findings.find(({ level }: { level: string }) => level === "error");
      expect(told.code).toBe(code);
      for (const name of names) expect(told.message).toContain(name);
      expect(readdirSync(folder)).toEqual(["bad scan.npz"]);
    });
  },
);

describe("what the table cannot say", () => {
  it("every row that refuses is in the table", () => {
    const accepted = { A: [10, 11, 14, 17, 23, 24, 25], B: [2, 13, 15, 17], C: [4, 6, 7, 13] };
    const listed = new Set(refusedFiles.map(({ row }) => row));
    for (const [letter, last] of [
      ["A", 25],
      ["B", 18],
      ["C", 15],
    ] as const) {
      for (let row = 1; row <= last; row++) {
        expect(listed.has(`${letter}${row}`), `${letter}${row}`).toBe(!accepted[letter].includes(row));
      }
    }
  });

  it("a sound scan passes all checks and ends for want of an adapter", async () => {
    writeFileSync(path, scanFile());
    const { code, err } = await run("reconstruct", path, "--output", output, ...noAdapter);
    expect(code, err).toBe(69);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  it("names with line breaks and terminal codes stay on one line", async () => {
    const extra = { name: "a\nb\u001b[31m\u2028.npy", content: new Uint8Array(9) };
    writeFileSync(path, buildZip([...builtMembers().slice(1), extra]));
    const { err } = await run("reconstruct", path, "--output", output, ...noAdapter);
    expectOneLine(err, "DATA_MISSING_KEY", ["a\\u000ab\\u001b[31m\\u2028"]);
    expect((await run("inspect", path)).out).not.toContain("\u001b");
  });

  it("the program itself: exit codes, one line, no stack", () => {
    for (const row of ["A21", "B1", "C1", "7.3"]) {
      const { file, code, names } = refusedFiles.find((refused) => refused.row === row)!;
      writeFileSync(path, file());
      const program = join(import.meta.dirname, "../../bin/ptycho.js");
      const ended = spawnSync(process.execPath, [program, "reconstruct", path, "--output", output], {
        encoding: "utf8",
      });
      expect(ended.status).toBe(65);
      expect(ended.stdout).toBe("");
      expectOneLine(ended.stderr, code, names);
      expect(readdirSync(folder)).toEqual(["bad scan.npz"]);
    }
  });
});
