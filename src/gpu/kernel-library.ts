// The kernels of one owner: each is compiled once, all at the same time, and what was bound is released together.

import { type BoundKernel, compileKernel, type Kernel, type KernelBinding, type KernelSpec } from "./kernel.ts";

export class KernelLibrary {
  readonly #device: GPUDevice;
  readonly #kernels = new Map<string, Promise<Kernel<string>>>();
  readonly #bound: BoundKernel[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Binds a kernel, compiling it at its first use; calls that run at the same time share the compilation. */
  async bind<Buffers extends string>(
    spec: KernelSpec<Buffers>,
    binding: KernelBinding<Buffers>,
    constants: Readonly<Record<string, number>> = {},
  ): Promise<BoundKernel> {
    const key = JSON.stringify([spec.shader, spec.parts, constants]);
    let kernel = this.#kernels.get(key);
    if (!kernel) {
      kernel = compileKernel(this.#device, spec as KernelSpec, constants);
      this.#kernels.set(key, kernel);
    }
    const bound = (await kernel).bind(binding);
    this.#bound.push(bound);
    return bound;
  }

  /** Releases the parameters of every bound kernel. */
  destroy(): void {
    for (const bound of this.#bound) bound.destroy();
    this.#bound.length = 0;
  }
}
