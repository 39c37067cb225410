// What the page and its worker say to each other, as the core declares it.

import type { FromWorker, ToWorker } from "ptycho-webgpu/worker";

export type {
  DataCard,
  FinishedResult,
  FromWorker,
  PreviewView,
  RequestId,
  ToWorker,
  ViewSettings,
} from "ptycho-webgpu/worker";

/** The message of one type. */
export type Message<T extends FromWorker["type"]> = Extract<FromWorker, { type: T }>;
export type Order<T extends ToWorker["type"]> = Extract<ToWorker, { type: T }>;
