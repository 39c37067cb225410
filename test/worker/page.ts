// A page's end of a worker session, for tests: real messages over a channel, so that everything is cloned or transferred.

import { expect } from "vitest";
import { openNpz } from "../../src/data/npz.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { describeAdapter } from "../../src/gpu/device.ts";
import type { OpenedGpu } from "../../src/gpu/open-browser-device.ts";
import type { FromWorker, RequestId, ToWorker } from "../../src/worker/messages.ts";
import { ReconstructionSession, type SessionSurroundings } from "../../src/worker/session.ts";
import { scanFile } from "../support/scan-files.ts";

export type Answer<T extends FromWorker["type"]> = Extract<FromWorker, { type: T }>;

export const scanBlob = (bytes: Uint8Array = scanFile()) => new Blob([bytes as Uint8Array<ArrayBuffer>]);
/** Four quick epochs. */
export const quickOptions = { epochs: 4, batchSize: 5, canvas: { extraPx: 6 } };

export class TestPage {
  readonly messages: FromWorker[] = [];
  readonly session: ReconstructionSession;
  readonly #port: MessagePort;
  readonly #inner: MessagePort;
  #waiting: (() => void)[] = [];

  constructor(openDevice: () => Promise<OpenedGpu>, more: Partial<SessionSurroundings> = {}) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#inner = port2;
    this.session = new ReconstructionSession({
      openDevice,
      post: (message, transfer = []) => port2.postMessage(message, transfer),
      checkpointSeconds: 0,
      ...more,
    });
    port2.onmessage = ({ data }) => void this.session.receive(data);
    port1.onmessage = ({ data }) => {
      this.messages.push(data as FromWorker);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    };
  }

  send(message: ToWorker): void {
    this.#port.postMessage(message);
  }

  all<T extends FromWorker["type"]>(type: T, id?: RequestId): Answer<T>[] {
    return this.messages.filter(
      (message): message is Answer<T> =>
        message.type === type && (id === undefined || ("id" in message && message.id === id)),
    );
  }

  /** The first message for which `matches` holds, now or later. */
  async find<M extends FromWorker>(matches: (message: FromWorker) => message is M): Promise<M>;
  async find(matches: (message: FromWorker) => boolean): Promise<FromWorker>;
  async find(matches: (message: FromWorker) => boolean): Promise<FromWorker> {
    for (;;) {
      const found = this.messages.find(matches);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Waits for a message of a type about a request; a `failed` instead is thrown. */
  async expect<T extends FromWorker["type"]>(type: T, id: RequestId): Promise<Answer<T>> {
    const found = await this.find((m) => "id" in m && m.id === id && (m.type === type || m.type === "failed"));
    if (found.type === type) return found as Answer<T>;
    throw new Error(`failed instead of ${type}: ${(found as Answer<"failed">).message}`);
  }

  async failure(id: RequestId): Promise<Answer<"failed">> {
    return (await this.find((m) => m.type === "failed" && m.id === id)) as Answer<"failed">;
  }

  /** Inspects the usual scan. */
  async inspect(id: RequestId = "scan", file: Blob = scanBlob()): Promise<Answer<"dataset">> {
    this.send({ type: "inspect", id, file, name: "scan.npz" });
    return await this.expect("dataset", id);
  }

  close(): void {
    this.#port.close();
    this.#inner.close();
  }
}

/** What a session gets as its device; the session does not destroy it. */
export function asOpened(device: GPUDevice): OpenedGpu {
  return { device, facts: describeAdapter(device) };
}

/** The same device with some members replaced; to the code under test it is another one. */
export function interpose(device: GPUDevice, members: Readonly<Record<string, unknown>>): GPUDevice {
  return new Proxy(device, {
    get(target, name) {
      if (typeof name === "string" && Object.hasOwn(members, name)) return members[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A device that counts as gone once `lose` is called, or when picture number `picture` (from 1) is due. */
export function makeLosable(device: GPUDevice, picture?: number): { device: GPUDevice; lose(message: string): void } {
  let resolve: (info: GPUDeviceLostInfo) => void = () => {};
  const lost = new Promise<GPUDeviceLostInfo>((settle) => {
    resolve = settle;
  });
  const lose = (message: string) => resolve({ reason: "unknown", message } as GPUDeviceLostInfo);
  let pictures = 0;
  const createCommandEncoder = (descriptor?: GPUCommandEncoderDescriptor) => {
    if (descriptor?.label === "preview copies" && ++pictures === picture) lose("reset by watchdog");
    return device.createCommandEncoder(descriptor);
  };
  return { device: interpose(device, { lost, createCommandEncoder }), lose };
}

/** A canvas that keeps the last picture it was given. */
export class FakeCanvas {
  width: number;
  height: number;
  painted = 0;
  /** RGBA of the last picture. */
  pixels: Uint8ClampedArray = new Uint8ClampedArray();

  constructor(height: number, width: number) {
    this.height = height;
    this.width = width;
  }

  getContext() {
    return {
      clearRect: () => {
        this.pixels = new Uint8ClampedArray();
      },
      createImageData: (width: number, height: number) => ({ data: new Uint8ClampedArray(4 * width * height) }),
      putImageData: ({ data }: { data: Uint8ClampedArray }) => {
        expect(data.length).toBe(4 * this.width * this.height);
        this.painted += 1;
        this.pixels = data;
      },
    };
  }

  asOffscreen(): OffscreenCanvas {
    return this as unknown as OffscreenCanvas;
  }
}

/** Members of an archive by name. */
export async function readMembers(
  npz: Uint8Array,
): Promise<Map<string, { dtype: string; shape: readonly number[]; data: unknown }>> {
  const file = await openNpz(bytesAccess(npz, "result"));
  const members = new Map();
  for (const name of file.names) members.set(name, await file.readArray(name));
  return members;
}
