// ptychi.log: header of study.md section 5.6, streamed, its return code filled in at the end.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { isUnfinishedLog, openJobLog } from "../../src/node/study/job-log.ts";
import { expectRefusal } from "../support/expect-refusal.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-log-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let path: string;
let count = 0;
beforeEach(() => {
  path = join(folder, `${count++}.log`);
});
const read = () => readFileSync(path, "utf8");
const rule = `#${"=".repeat(60)}`;
const header = { job: "dose=1000.0, view=dense, split=train", command: "ptycho reconstruct in.npz" };
const head = (code: string) =>
  `# PtyChi LSQML Reconstruction Log\n# Job: ${header.job}\n# Command: ${header.command}\n# Return code: ${code}\n${rule}\n\n`;
const fresh = { continueWith: null };

describe("a log", () => {
  it("grows while the job runs; the code comes last, and nothing else changes", async () => {
    const log = await openJobLog(path, header, fresh);
    expect(read()).toBe(`${head("running")}=== STDOUT ===\n`);
    await log.write("epoch 1/2");
    expect(read()).toBe(`${head("running")}=== STDOUT ===\nepoch 1/2\n`);
    expect(await isUnfinishedLog(path, header)).toBe(true);
    await log.write("epoch 2/2 µ");
    await log.finish(0);
    expect(read()).toBe(`${head("0")}=== STDOUT ===\nepoch 1/2\nepoch 2/2 µ\n`);
    expect(await isUnfinishedLog(path, header)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });
  it("what went wrong stands under STDERR", async () => {
    const log = await openJobLog(path, header, fresh);
    await log.finish(143, ["first", "second"]);
    expect(read()).toBe(`${head("143")}=== STDOUT ===\n=== STDERR ===\nfirst\nsecond\n`);
  });
  it("lines keep their order whoever waits", async () => {
    const log = await openJobLog(path, header, fresh);
    const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    for (const line of lines) void log.write(line);
    await log.finish(0);
    expect(read()).toBe(`${head("0")}=== STDOUT ===\n${lines.join("\n")}\n`);
  });
  it("the preview is the first 200 characters of what was said", async () => {
    const log = await openJobLog(path, header, fresh);
    void log.write("a".repeat(150));
    void log.write("b".repeat(150));
    expect(log.preview()).toBe(`${"a".repeat(150)}\n${"b".repeat(49)}`);
    await log.finish(0);
  });
  it("line breaks in a path do not break the header", async () => {
    const log = await openJobLog(path, { job: "a\nb", command: "c\r\nd" }, fresh);
    await log.finish(0);
    expect(read().split("\n").slice(1, 4)).toEqual(["# Job: a b", "# Command: c d", "# Return code: 0"]);
  });
});

describe("a second opening", () => {
  const stopped = async () => {
    const log = await openJobLog(path, header, fresh);
    await log.write("epoch 1/2");
    await log.finish(null);
  };
  it("continues a log that an unfinished run left", async () => {
    await stopped();
    expect(read()).toContain("# Return code: running\n");
    const log = await openJobLog(path, header, { continueWith: "continued" });
    await log.write("epoch 2/2");
    await log.finish(0);
    expect(read()).toBe(`${head("0")}=== STDOUT ===\nepoch 1/2\n--- continued ---\nepoch 2/2\n`);
  });
  it.each([
    ["with --overwrite", fresh, header],
    ["of another command", { continueWith: "continued" }, { ...header, command: "ptycho reconstruct other.npz" }],
  ])("replaces it %s", async (_, settings, other) => {
    await stopped();
    const log = await openJobLog(path, other, settings);
    await log.finish(0);
    expect(read()).not.toContain("epoch 1/2");
    expect(read()).not.toContain("continued");
  });
  it.each(["", "# PtyChi", "something else\n"])("replaces %j", async (text) => {
    writeFileSync(path, text);
    const log = await openJobLog(path, header, { continueWith: "continued" });
    await log.finish(0);
    expect(read()).toBe(`${head("0")}=== STDOUT ===\n`);
  });
  it("replaces a finished one", async () => {
    await (await openJobLog(path, header, fresh)).finish(0);
    const log = await openJobLog(path, header, { continueWith: "continued" });
    expect(read()).toBe(`${head("running")}=== STDOUT ===\n`);
    await log.finish(0);
  });
});

it("E23 a log is bounded: what is beyond is counted, errors and code are written", async () => {
  const log = await openJobLog(path, header, { continueWith: null, largestBytes: 2000 });
  for (let index = 0; index < 1000; index++) void log.write(`warning number ${index}`);
  await log.finish(75, ["gave up"]);
  expect(statSync(path).size).toBeLessThan(2100);
  const text = read();
  const written = text.match(/^warning number \d+$/gm)!.length;
  expect(text).toContain(`--- ${1000 - written} more lines are left out ---\n=== STDERR ===\ngave up\n`);
  expect(text).toContain("# Return code: 75\n");
});

it("E15 a log whose folder is gone", async () => {
  const inside = join(folder, "gone");
  await expectRefusal(openJobLog(join(inside, "x.log"), header, fresh), "IO_OUTPUT_GONE", ["x.log"], 74);
});
