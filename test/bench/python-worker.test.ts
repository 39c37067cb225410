// The process that answers requests: here one of Node's, because nothing in the tests needs Python.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findPython, PythonWorker } from "../../bench/python-worker.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-worker-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const script = join(folder, "worker.mjs");
writeFileSync(
  script,
  `import { createInterface } from "node:readline";
   for await (const line of createInterface({ input: process.stdin })) {
     const { command, value } = JSON.parse(line);
     if (command === "die") { console.error("out of memory"); process.exit(3); }
     const answer = command === "double" ? { ok: true, value: 2 * value } : { error: "KeyError: " + command };
     console.log(command === "chat" ? "hello" : JSON.stringify(answer));
   }`,
);

test("requests are answered in order; refusals and chatter are errors of their request alone", async () => {
  const worker = new PythonWorker(process.execPath, script);
  const [first, second] = await Promise.all([worker.ask("double", { value: 3 }), worker.ask("double", { value: 4 })]);
  expect([first!.value, second!.value]).toEqual([6, 8]);
  await expect(worker.ask("triple")).rejects.toThrow("KeyError: triple");
  await expect(worker.ask("chat")).rejects.toThrow("not an answer: hello");
  expect((await worker.ask("double", { value: 5 })).value).toBe(10);
  worker.close();
});

test("the end of the process is the answer to what waits and to what comes after, with its last words", async () => {
  const worker = new PythonWorker(process.execPath, script);
  await expect(worker.ask("die")).rejects.toThrow(/ended with 3: out of memory/);
  await expect(worker.ask("double", { value: 1 })).rejects.toThrow(/ended with 3/);
});

test("a missing interpreter is said, and a named one is taken", async () => {
  const worker = new PythonWorker(join(folder, "no-python"), script);
  await expect(worker.ask("double")).rejects.toThrow(/no-python/);
  expect(findPython("/somewhere/python")).toBe("/somewhere/python");
});
