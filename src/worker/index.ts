// Public names of `ptycho-webgpu/worker`; re-exports only.
/// <reference types="@webgpu/types" preserve="true" />

export { type OpenedGpu, openBrowserDevice } from "../gpu/open-browser-device.ts";
export { loadResult } from "./load-result.ts";
export type * from "./messages.ts";
export { previewViews } from "./messages.ts";
export { serveReconstructions, type WorkerScope } from "./serve.ts";
export { ReconstructionSession, type SessionSurroundings } from "./session.ts";
