// The only map-and-read. A result counts only when the read came after the last submit and the device is still there.

import { GpuError } from "../errors.ts";
import { type DeviceWatch, withErrorScopes } from "./device.ts";

/** Copies a buffer (or its first `sizeBytes`) to the host. Throws GpuError when the device failed, is gone or has no memory for it. */
export async function readBuffer(
  device: GPUDevice,
  watch: DeviceWatch,
  buffer: GPUBuffer,
  sizeBytes = buffer.size,
): Promise<ArrayBuffer> {
  const size = Math.ceil(sizeBytes / 4) * 4;
  const label = `${buffer.label} read back`;
  const staging = await withErrorScopes(device, label, () => device.createBuffer({ label, size, usage: 0x1 | 0x8 }));
  try {
    const encoder = device.createCommandEncoder({ label: `read ${buffer.label}` });
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    return (await mapBuffer(watch, staging)).slice(0, sizeBytes);
  } finally {
    staging.destroy();
  }
}

/** Maps a read-back buffer, copies it out and unmaps it. */
export async function mapBuffer(watch: DeviceWatch, staging: GPUBuffer): Promise<ArrayBuffer> {
  try {
    await staging.mapAsync(1 /* GPUMapMode.READ */);
  } catch (error) {
    watch.assertAlive();
    throw new GpuError("GPU_LOST", `reading ${staging.label} failed`, {}, 75, error);
  }
  watch.assertAlive();
  const copy = staging.getMappedRange().slice(0);
  staging.unmap();
  return copy;
}
