// Every kernel the engine declares.

import { readdirSync } from "node:fs";
import type { KernelSpec } from "../../src/gpu/kernel.ts";
import { shaders } from "../../src/gpu/shaders.ts";
import type { LineKind } from "../../src/kernels/line-shape.ts";

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

/** True for kernels around a generated line transform. */
export function isLineKernel(spec: KernelSpec): boolean {
  return shaders[spec.shader]!.code.includes("transformLines(");
}

/** The transforms whose callbacks a line kernel declares (src/kernels/line-transform.ts lists them). */
export function kindsOf(spec: KernelSpec): LineKind[] {
  const declares = (name: string) => shaders[spec.shader]!.code.includes(`fn ${name}(`);
  if (declares("termCount")) return ["forward-sum"];
  if (declares("atFrequency")) return ["forward-inverse"];
  if (declares("atSpace")) return ["inverse-forward"];
  return [
    ...(declares("loadSpace") ? (["forward"] as const) : []),
    ...(declares("loadFrequency") ? (["inverse"] as const) : []),
  ];
}
