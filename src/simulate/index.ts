// Public names of `ptycho-webgpu/simulate`; re-exports only.
/// <reference types="@webgpu/types" preserve="true" />

export { scanToNpzMembers } from "./scan-members.ts";
export { type SimulatedScan, simulateScan } from "./simulate-scan.ts";
