// Public names of the Node side; re-exports only.

export { fileAccess } from "./file-access.ts";
export { formatAdapterLine, type OpenDeviceOptions, type OpenedDevice, openDevice } from "./gpu-device.ts";
