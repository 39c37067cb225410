// Makes a worker out of a global scope: three lines in a page's worker file are enough.

import { openBrowserDevice } from "../gpu/open-browser-device.ts";
import { ReconstructionSession } from "./session.ts";

/** What is used of a worker's global scope, `self`. */
export interface WorkerScope {
  readonly navigator?: { readonly gpu?: GPU };
  postMessage(message: unknown, options?: { transfer?: Transferable[] }): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

/**
 * Answers the messages of src/worker/messages.ts that arrive at `scope`. Nothing is opened before `open-device` or `start`
 * asks for it; every failure is a message `failed`.
 */
export function serveReconstructions(scope: WorkerScope): void {
  const gpu = scope.navigator?.gpu;
  const session = new ReconstructionSession({
    openDevice: () => openBrowserDevice(gpu),
    post: (message, transfer = []) => scope.postMessage(message, { transfer }),
  });
  scope.addEventListener("message", ({ data }) => void session.receive(data));
}
