// The page's side of the worker, against a worker made of paper: answers by id, one run at a time, workers that die.
import { afterEach, expect, test, vi } from "vitest";
import { AnalysisClient } from "../../demo/src/analysis-client.ts";
import { ReconstructionClient, type WorkerPort } from "../../demo/src/client.ts";
import { WorkerFailure } from "../../demo/src/failure.ts";

afterEach(() => vi.useRealTimers());

type Sent = { readonly type: string; readonly id?: number };

class PaperWorker implements WorkerPort {
  readonly sent: Sent[] = [];
  terminated = false;
  onmessage: WorkerPort["onmessage"] = null;
  onerror: WorkerPort["onerror"] = null;

  postMessage(message: unknown): void {
    this.sent.push(message as Sent);
  }

  terminate(): void {
    this.terminated = true;
  }

  say(message: object): void {
    this.onmessage?.({ data: message } as MessageEvent);
  }

  die(message: string): void {
    this.onerror?.({ message } as ErrorEvent);
  }
}

function connect() {
  const workers: PaperWorker[] = [];
  const gone: [reason: string, replaced: boolean][] = [];
  const ranges: object[] = [];
  const client = new ReconstructionClient(
    () => {
      workers.push(new PaperWorker());
      return workers.at(-1)!;
    },
    {
      onGone: (reason, replaced) => gone.push([reason, replaced]),
      onDeviceLost: () => undefined,
      onRange: (range) => ranges.push(range),
    },
  );
  return { client, workers, gone, ranges };
}

const failureOf = async (promise: Promise<unknown>): Promise<WorkerFailure> =>
  await promise.then(
    () => {
      throw new Error("it succeeded");
    },
    (error) => error as WorkerFailure,
  );

test("answers find their questions by id, in any order", async () => {
  const { client, workers } = connect();
  const [worker] = workers as [PaperWorker];
  const first = client.inspect(new Blob(), "a.npz", {});
  const second = client.inspect(new Blob(), "b.npz", {});
  const [a, b] = worker.sent as [Sent, Sent];
  expect(a.id).not.toBe(b.id);
  worker.say({ type: "dataset", id: b.id, card: { name: "b" } });
  worker.say({ type: "failed", id: a.id, code: "ZIP_CRC", message: "broken", details: {}, recoverable: true });
  expect((await second).card.name).toBe("b");
  const failure = await failureOf(first);
  expect(failure).toBeInstanceOf(WorkerFailure);
  expect(failure.facts.code).toBe("ZIP_CRC");
});

test("a run reports, pauses and stops under its id; a second one is refused meanwhile", async () => {
  const { client, workers, ranges } = connect();
  const [worker] = workers as [PaperWorker];
  const reports: string[] = [];
  const run = client.start({}, ({ type }) => reports.push(type));
  const { id } = worker.sent[0]!;
  expect((await failureOf(client.start({}, () => undefined))).facts.code).toBe("RUN_ACTIVE");
  worker.say({ type: "started", id });
  worker.say({ type: "progress", id });
  worker.say({ type: "progress", id: 999 });
  worker.say({ type: "ranges", id: null });
  client.pause();
  client.resume();
  const stopped = client.stop();
  expect(worker.sent.slice(1)).toEqual([
    { type: "pause", id },
    { type: "resume", id },
    { type: "stop", id },
  ]);
  worker.say({ type: "finished", id, status: "cancelled" });
  await stopped;
  expect(await run).toMatchObject({ status: "cancelled" });
  expect(reports).toEqual(["started", "progress"]);
  expect(ranges).toHaveLength(1);
  client.pause();
  expect(worker.sent).toHaveLength(4);
});

test("a worker that dies is replaced and what it owed is refused", async () => {
  const { client, workers, gone } = connect();
  workers[0]!.say({ type: "device-lost", message: "anything counts as a sign of life" });
  const run = client.start({}, () => undefined);
  workers[0]!.die("out of memory");
  const failure = await failureOf(run);
  expect(failure.facts).toMatchObject({ code: "WORKER_GONE", recoverable: true });
  expect(failure.message).toContain("out of memory");
  expect(workers.map(({ terminated }) => terminated)).toEqual([true, false]);
  expect(gone).toEqual([["out of memory", true]]);
  await client.stop(); // no run is left to wait for
});

test("workers that never said anything are not replaced for ever", async () => {
  const { client, workers, gone } = connect();
  const opening = client.openDevice();
  workers[0]!.die("the script cannot be loaded");
  expect((await failureOf(opening)).facts.code).toBe("WORKER_GONE");
  expect(workers).toHaveLength(1);
  expect(gone).toEqual([["the script cannot be loaded", false]]);
});

test("a worker that does not stop is replaced; one that speaks has more time, a slow one too", async () => {
  vi.useFakeTimers();
  const { client, workers, gone } = connect();
  workers[0]!.say({ type: "device-lost", message: "anything counts as a sign of life" });
  const run = failureOf(client.start({}, () => undefined));
  const { id } = workers[0]!.sent[0]!;
  workers[0]!.say({ type: "progress", id });
  const stopped = client.stop();
  await vi.advanceTimersByTimeAsync(4000);
  workers[0]!.say({ type: "progress", id });
  workers[0]!.say({ type: "ranges", id }); // is painted without the run
  await vi.advanceTimersByTimeAsync(4900);
  expect(gone).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(gone).toEqual([["it did not stop within 5 s", true]]);
  await stopped;
  expect((await run).facts.code).toBe("WORKER_GONE");
  expect(workers.map(({ terminated }) => terminated)).toEqual([true, false]);

  // a minibatch of a software adapter may take long
  const [, second] = workers as [PaperWorker, PaperWorker];
  const slow = client.start({}, () => undefined);
  const { id: slowId } = second.sent[0]!;
  await vi.advanceTimersByTimeAsync(8000);
  second.say({ type: "progress", id: slowId });
  const slowStop = client.stop();
  await vi.advanceTimersByTimeAsync(15_000);
  second.say({ type: "finished", id: slowId, status: "cancelled" });
  await slowStop;
  expect(await slow).toMatchObject({ status: "cancelled" });
  await vi.advanceTimersByTimeAsync(100_000);
  expect(workers).toHaveLength(2);
});

test("a worker for comparing that dies is replaced when there is work again", async () => {
  const workers: PaperWorker[] = [];
  const analysis = new AnalysisClient(() => {
    workers.push(new PaperWorker());
    return workers.at(-1)!;
  });
  expect(workers).toHaveLength(0);
  const request = { current: new Blob(), currentName: "a", previous: new Blob(), previousName: "b" };
  const lost = failureOf(analysis.compare(request));
  workers[0]!.die("out of memory");
  expect((await lost).message).toContain("out of memory");
  expect(workers[0]!.terminated).toBe(true);
  const compared = analysis.compare(request);
  const { id } = workers[1]!.sent[0]!;
  workers[1]!.onmessage?.({ data: { id, answer: "compared" } } as MessageEvent);
  expect(await compared).toBe("compared");
});
