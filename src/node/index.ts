// Public names of the Node side; re-exports only.
/// <reference types="@webgpu/types" preserve="true" />

export { fromPieces, writeFileAtomic } from "./atomic-write.ts";
export { main } from "./cli.ts";
export { fileAccess, nodeReaderTools } from "./file-access.ts";
export { formatAdapterLine, type OpenDeviceOptions, type OpenedDevice, openDevice } from "./gpu-device.ts";
export { type SavedRun, saveResult } from "./save-result.ts";
