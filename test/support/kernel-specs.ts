// Every kernel the engine declares.

import { readdirSync } from "node:fs";
import type { KernelSpec } from "../../src/gpu/kernel.ts";

const folder = new URL("../../src/kernels/", import.meta.url);

/** Exported kernel declarations of src/kernels by name. */
export async function listKernelSpecs(): Promise<Map<string, KernelSpec>> {
  const specs = new Map<string, KernelSpec>();
  for (const file of readdirSync(folder)) {
    const exported = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exported)) if (isKernelSpec(value)) specs.set(name, value);
  }
  return specs;
}

function isKernelSpec(value: unknown): value is KernelSpec {
  return typeof value === "object" && value !== null && "shader" in value && "buffers" in value;
}
