import { expect, test } from "vitest";
import { JsonLineWorker, LineSplitter, readReply } from "../../bench/json-lines.ts";

test("lines come whole, however the stream is cut", () => {
  const splitter = new LineSplitter();
  expect(splitter.push('{"a"')).toEqual([]);
  expect(splitter.push(':1}\n\n{"b":2}\n{"c"')).toEqual(['{"a":1}', '{"b":2}']);
  expect(splitter.push(":3}\n")).toEqual(['{"c":3}']);
});

test("an answer has to be to the question, and a no is an error with its reason", () => {
  expect(readReply('{"id":4,"ok":true,"seconds":1}', 4)).toMatchObject({ seconds: 1 });
  expect(() => readReply('{"id":3,"ok":true}', 4)).toThrow("request 4");
  expect(() => readReply('{"id":4,"ok":false,"error":"no such file"}', 4)).toThrow("no such file");
  expect(() => readReply("Traceback", 4)).toThrow("not a JSON line: Traceback");
});

const echo = `
const lines = require("node:readline").createInterface({ input: process.stdin });
console.log(JSON.stringify({ id: 0, ok: true, ready: true }));
lines.on("line", (line) => {
  const { id, command } = JSON.parse(line);
  if (command === "die") { console.error("out of luck"); process.exit(3); }
  if (command === "chat") return console.log("hello");
  console.log(JSON.stringify({ id, ok: command !== "no", error: "no reason", command }));
});`;

test("a worker that is ready before anyone asks is ready; requests are answered in order; its end is an error", async () => {
  const worker = new JsonLineWorker("echo", process.execPath, ["-e", echo]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await worker.ready()).toMatchObject({ ready: true });
  const both = await Promise.all([worker.call("one"), worker.call("two")]);
  expect(both.map(({ command }) => command)).toEqual(["one", "two"]);
  // a refusal is an error of its request alone, and so is chatter
  await expect(worker.call("no")).rejects.toThrow("echo: no reason");
  await expect(worker.call("chat")).rejects.toThrow("not a JSON line: hello");
  expect(await worker.call("three")).toMatchObject({ command: "three" });
  await expect(worker.call("die")).rejects.toThrow(/echo: ended with 3\nout of luck/);
  await expect(worker.call("late")).rejects.toThrow("ended with 3");
  await worker.close();
});

test("a program that does not start is an error for whoever waits", async () => {
  const worker = new JsonLineWorker("nothing", "/no/such/program", []);
  await expect(worker.ready()).rejects.toThrow("ENOENT");
  await worker.close();
});
