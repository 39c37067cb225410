// Stands in for `ptycho study-worker`: speaks its protocol and misbehaves as the job's input tells it, attempt by attempt.
// The input is JSON: { attempts: [behaviour, ...], state: file that counts attempts }.
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const say = (message) => process.connected && process.send(message);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const waiting = [];
let stopped = false;
const answer = () => new Promise((resolve) => waiting.push(resolve));

function stage(folder, name, text) {
  const temporaryPath = join(folder, `.${name}.partial-00ff`);
  writeFileSync(temporaryPath, text);
  return { path: join(folder, name), temporaryPath, sizeBytes: text.length, sha256: "0" };
}

async function commit(kind, files) {
  const answered = answer();
  say({ type: "commit", kind, files, obsolete: [] });
  return await answered;
}

const outcome = (exitCode, status, error = null) => say({ type: "done", outcome: { exitCode, status, error } });
const checkpoint = (folder, epochs) =>
  commit("checkpoint", [stage(folder, `checkpoint-${String(epochs).padStart(6, "0")}.npz`, `state ${epochs}`)]);
const epoch = (number) =>
  say({ type: "epoch", epoch: number, epochCount: 3, loss: 1 / (number + 1), seconds: 0.1, patternsPerSecond: 10 });
const result = (folder) =>
  commit("result", [stage(folder, "ptychi_reconstruction.npz", "arrays"), stage(folder, "run.json", "{}")]);

const behaviours = {
  async complete(folder) {
    say({ type: "start", epochsCompleted: 0, remarks: ["checkpoint-000009.npz belongs to another run"] });
    say({ type: "progress" });
    for (const number of [0, 1]) {
      epoch(number);
      await checkpoint(folder, number + 1);
    }
    const said = await result(folder);
    if (said.type === "committed") outcome(0, "complete");
    else outcome(74, "failed", { code: said.code, message: `${said.message} [${said.code}]` });
  },
  async crash(folder) {
    epoch(0);
    await checkpoint(folder, 1);
    stage(folder, "ptychi_reconstruction.npz", "half");
    process.kill(process.pid, "SIGKILL");
  },
  async crashWhenDone(folder) {
    await result(folder);
    process.exit(139);
  },
  async tellMemory(folder, { deviceMemoryBytes }) {
    console.log(`device memory: ${deviceMemoryBytes}`);
    await pause(200);
    await behaviours.complete(folder);
  },
  async exit137() {
    await pause(300); // a beat
    process.exit(137);
  },
  async exit() {
    process.exit(7);
  },
  async lastWords() {
    // as the crash handler of a driver does
    spawn("sh", ["-c", "sleep 0.3; echo the reason, told last >&2"], { stdio: ["ignore", "inherit", "inherit"] });
    process.kill(process.pid, "SIGKILL");
  },
  async leaveChild() {
    spawn("sleep", ["5"], { stdio: ["ignore", "inherit", "inherit"] });
    process.exit(7);
  },
  async silent() {
    say({ type: "progress" });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  async still() {
    say({ type: "progress" });
  },
  async lost() {
    outcome(75, "failed", { code: "GPU_LOST", message: "the device was lost [GPU_LOST]" });
  },
  async diverged() {
    outcome(80, "diverged", { code: "DIVERGED", message: "the object became NaN" });
  },
  async untilStopped(folder) {
    for (epoch(0); !stopped; await pause(20)) say({ type: "progress" });
    await checkpoint(folder, 1);
    outcome(null, "cancelled");
  },
  async deaf() {
    for (;;) {
      say({ type: "progress" });
      await pause(50);
    }
  },
  async chatty(folder) {
    console.log('{"event": "end", "exitCode": 0}');
    console.error("Warning: a driver has something to say");
    await pause(200);
    await behaviours.complete(folder);
  },
};

async function serve({ input, folder, options }) {
  const { attempts, state } = JSON.parse(input);
  appendFileSync(state, "x");
  const attempt = readFileSync(state, "utf8").length;
  await behaviours[attempts[Math.min(attempt, attempts.length) - 1]](folder, options);
}

await pause(Number(process.env.FAKE_START_MS ?? 0));
process.on("disconnect", () => process.exit(75));
process.on("message", (message) => {
  if (message.type === "job") void serve(message.job);
  else if (message.type === "stop") stopped = true;
  else waiting.shift()?.(message);
});
setInterval(() => say({ type: "beat", peakBytes: 123_000_001 }), 100);
say({ type: "ready" });
