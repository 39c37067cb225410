// The kernels of one owner: each is compiled once, all at the same time, and what was bound is released together.

import { GpuError } from "../errors.ts";
import { type BoundKernel, compileKernel, type Kernel, type KernelBinding, type KernelSpec } from "./kernel.ts";

export class KernelLibrary {
  readonly #device: GPUDevice;
  readonly #kernels = new Map<string, Promise<Kernel<string>>>();
  readonly #bound: BoundKernel[] = [];
  #released = false;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Binds a kernel, compiling it at its first use; calls that run at the same time share the compilation. */
  async bind<Buffers extends string>(
    spec: KernelSpec<Buffers>,
    binding: KernelBinding<Buffers>,
    constants: Readonly<Record<string, number>> = {},
  ): Promise<BoundKernel> {
    const key = JSON.stringify([spec.shader, spec.parts, spec.directives, spec.generated, constants]);
    let kernel = this.#kernels.get(key);
    if (!kernel) {
      kernel = compileKernel(this.#device, spec as KernelSpec, constants);
      this.#kernels.set(key, kernel);
    }
    const compiled = await kernel;
    // another kernel has failed while this one was compiled, and its owner has given up
    if (this.#released)
      throw new GpuError("KERNEL_RELEASED", `kernel ${compiled.label} is not needed any more`, {}, 70);
    const bound = compiled.bind(binding);
    this.#bound.push(bound);
    return bound;
  }

  /** Releases the parameters of every bound kernel; nothing can be bound afterwards. */
  destroy(): void {
    this.#released = true;
    for (const bound of this.#bound) bound.destroy();
    this.#bound.length = 0;
  }
}
