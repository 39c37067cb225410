// Compile, bind, encode: the whole of our GPU plumbing. A kernel is declared by its shader, parameters and buffers.

import { GpuError } from "../errors.ts";
import { shaders } from "./shaders.ts";

type Scalar = "u32" | "i32" | "f32";

/** Declaration of a kernel: bindings are numbered params, batch, buffers in the order written. */
export interface KernelSpec<Buffers extends string = string> {
  readonly shader: string;
  /** Further WGSL files joined to the shader, e.g. the butterfly of one radix. */
  readonly parts?: readonly string[];
  /** Generated WGSL joined to the shader. */
  readonly generated?: string;
  /** WGSL directives, which stand before everything else. */
  readonly directives?: string;
  /** Uniform block of 4-byte scalars in field order; binding 0. */
  readonly params?: Readonly<Record<string, Scalar>>;
  /** True when the kernel reads the per-minibatch uniform block (shaders/lib/batch.wgsl) by dynamic offset. */
  readonly batch?: boolean;
  readonly buffers: Readonly<Record<Buffers, "read" | "readWrite">>;
}

/** A kernel with its buffers and parameters: ready to encode any number of times. */
export interface BoundKernel {
  readonly label: string;
  encode(pass: GPUComputePassEncoder, invocations: number, batchOffset?: number): void;
  /** Encodes an exact number of workgroups instead of invocations. */
  encodeWorkgroups(pass: GPUComputePassEncoder, workgroups: number, batchOffset?: number): void;
  destroy(): void;
}

/** What a kernel works on. */
export interface KernelBinding<Buffers extends string = string> {
  readonly params?: Readonly<Record<string, number>>;
  readonly batch?: GPUBuffer;
  readonly buffers: Readonly<Record<Buffers, GPUBuffer>>;
}

export interface Kernel<Buffers extends string = string> {
  readonly label: string;
  bind(binding: KernelBinding<Buffers>): BoundKernel;
}

/** Bytes of one entry of the per-minibatch uniform table: the largest minUniformBufferOffsetAlignment WebGPU allows. */
export const BATCH_STRIDE_BYTES = 256;
/** Bytes of the block in shaders/lib/batch.wgsl. */
const BATCH_BLOCK_BYTES = 40;
const WORKGROUP_SIZE = 64;
/** Workgroups per dimension; beyond it a dispatch becomes two-dimensional. */
const MAX_WORKGROUPS = 32768;

/**
 * Compiles a kernel. Throws GpuError KERNEL_COMPILE with the compiler's messages, lines mapped to the shader files.
 * `constants` set the shader's overrides.
 */
export async function compileKernel<Buffers extends string>(
  device: GPUDevice,
  spec: KernelSpec<Buffers>,
  constants: Readonly<Record<string, number>> = {},
): Promise<Kernel<Buffers>> {
  const files = [spec.shader, ...(spec.parts ?? [])].map((name) => {
    const shader = shaders[name];
    if (!shader) throw new GpuError("KERNEL_UNKNOWN", `no shader named ${name}`, {}, 70);
    return shader;
  });
  const label = [spec.shader, ...(spec.parts ?? [])].join("+");
  device.pushErrorScope("validation");
  const module = device.createShaderModule({
    label,
    code: (spec.directives ?? "") + [...files.map((file) => file.code), spec.generated ?? ""].join("\n"),
  });
  const layout = createLayout(device, label, spec);
  const scope = device.popErrorScope();
  let pipeline: GPUComputePipeline;
  try {
    pipeline = await device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main", constants },
    });
  } catch (error) {
    const origin = files.flatMap((file) => file.origin);
    throw await compileError(label, module, origin, error);
  }
  const failure = await scope;
  if (failure) throw new GpuError("KERNEL_COMPILE", `kernel ${label}: ${failure.message}`, {}, 69);

  return {
    label,
    bind({ params, batch, buffers }) {
      const entries: GPUBindGroupEntry[] = [];
      let uniform: GPUBuffer | null = null;
      if (spec.params) {
        uniform = createParams(device, label, spec.params, params ?? {});
        entries.push({ binding: entries.length, resource: { buffer: uniform } });
      }
      if (spec.batch) {
        if (!batch) throw new GpuError("KERNEL_BINDING", `kernel ${label} needs the batch table`, {}, 70);
        entries.push({ binding: entries.length, resource: { buffer: batch, size: BATCH_BLOCK_BYTES } });
      }
      for (const name of Object.keys(spec.buffers) as Buffers[]) {
        entries.push({ binding: entries.length, resource: { buffer: buffers[name] } });
      }
      const group = device.createBindGroup({ label, layout, entries });
      const encodeWorkgroups = (pass: GPUComputePassEncoder, workgroups: number, batchOffset = 0): void => {
        if (workgroups === 0) return;
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group, spec.batch ? [batchOffset] : []);
        const x = Math.min(workgroups, MAX_WORKGROUPS);
        pass.dispatchWorkgroups(x, Math.ceil(workgroups / x));
      };
      return {
        label,
        encodeWorkgroups,
        encode: (pass, invocations, batchOffset) =>
          encodeWorkgroups(pass, Math.ceil(invocations / WORKGROUP_SIZE), batchOffset),
        destroy: () => uniform?.destroy(),
      };
    },
  };
}

/** What the compiler says about a module, with the files' own lines; `origin` has one entry per line of its code. */
export async function compileError(
  label: string,
  module: GPUShaderModule,
  origin: readonly string[],
  error: unknown,
): Promise<GpuError> {
  const info = await module.getCompilationInfo();
  const lines = info.messages.map((message) => `${origin[message.lineNum - 1] ?? label}: ${message.message}`);
  const text = lines.join("; ") || (error as Error).message;
  return new GpuError("KERNEL_COMPILE", `kernel ${label} does not compile: ${text}`, {}, 69, error);
}

function createLayout(device: GPUDevice, label: string, spec: KernelSpec): GPUBindGroupLayout {
  const entries: GPUBindGroupLayoutEntry[] = [];
  const add = (buffer: GPUBufferBindingLayout) =>
    entries.push({ binding: entries.length, visibility: 4 /* GPUShaderStage.COMPUTE */, buffer });
  if (spec.params) add({ type: "uniform" });
  if (spec.batch) add({ type: "uniform", hasDynamicOffset: true });
  for (const access of Object.values(spec.buffers)) add({ type: access === "read" ? "read-only-storage" : "storage" });
  return device.createBindGroupLayout({ label, entries });
}

/** A uniform buffer of 4-byte scalars in field order. Throws GpuError KERNEL_BINDING when one is missing. */
export function createParams(
  device: GPUDevice,
  label: string,
  fields: Readonly<Record<string, Scalar>>,
  values: Readonly<Record<string, number>>,
): GPUBuffer {
  const names = Object.keys(fields);
  const bytes = new ArrayBuffer(Math.max(16, 4 * names.length));
  const view = new DataView(bytes);
  for (const [index, name] of names.entries()) {
    const value = values[name];
    if (value === undefined)
      throw new GpuError("KERNEL_BINDING", `kernel ${label} needs the parameter ${name}`, {}, 70);
    if (fields[name] === "f32") view.setFloat32(4 * index, value, true);
    else if (fields[name] === "i32") view.setInt32(4 * index, value, true);
    else view.setUint32(4 * index, value, true);
  }
  const buffer = device.createBuffer({ label: `${label} params`, size: bytes.byteLength, usage: 0x40 | 0x8 });
  device.queue.writeBuffer(buffer, 0, bytes);
  return buffer;
}
