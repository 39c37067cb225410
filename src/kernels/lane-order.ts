// WGSL does not say which invocations of a workgroup share a subgroup, and in which order: asked once per device.

import { GpuError } from "../errors.ts";
import { BufferPool } from "../gpu/buffers.ts";
import { watchDevice } from "../gpu/device.ts";
import { compileKernel, type KernelSpec } from "../gpu/kernel.ts";
import { readBuffer } from "../gpu/readback.ts";

export const laneOrder = {
  shader: "lane-order",
  directives: "enable subgroups; ",
  buffers: { neighbours: "readWrite" },
} satisfies KernelSpec;

/** As the shader has it. */
const INVOCATIONS = 64;
const known = new WeakMap<GPUDevice, Promise<Uint32Array>>();

/**
 * Throws GpuError LANE_ORDER (69) unless so many invocations after one another, from a multiple on, reach one another by
 * shuffles; the device needs the feature `subgroups`.
 */
export async function assertLaneOrder(device: GPUDevice, lanes: number): Promise<void> {
  let asked = known.get(device);
  if (!asked) {
    asked = readNeighbours(device);
    known.set(device, asked);
    asked.catch(() => known.delete(device)); // told where it is awaited; the next one asks again
  }
  const got = findStranger(await asked, lanes);
  if (got === null) return;
  throw new GpuError(
    "LANE_ORDER",
    "the adapter orders its subgroups otherwise than lines shared by lanes need",
    { field: "profile", expected: "lanes in the order of invocations", got, remedy: "Give --profile looped or serial" },
    69,
  );
}

/** The first neighbour ([invocation] of those at distance 1, 2, 4 and itself) that is not where it should be, in words. */
export function findStranger(neighbours: Uint32Array, lanes: number): string | null {
  for (let own = 0; own < neighbours.length / 4; own++)
    for (const [index, distance] of [1, 2, 4].entries()) {
      const found = neighbours[4 * own + index]!;
      if (distance < lanes && found !== (own ^ distance))
        return `invocation ${own} reaches ${found} at distance ${distance}`;
    }
  return null;
}

async function readNeighbours(device: GPUDevice): Promise<Uint32Array> {
  const pool = new BufferPool(device);
  try {
    const kernel = await compileKernel(device, laneOrder);
    const neighbours = pool.storage("neighbours", 16 * INVOCATIONS);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    kernel.bind({ buffers: { neighbours } }).encodeWorkgroups(pass, 1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return new Uint32Array(await readBuffer(device, watchDevice(device), neighbours));
  } finally {
    pool.destroy();
  }
}
