// The pixels of a painted picture, for canvases that no device paints by itself: WebGPU canvases of headless browsers and of
// software adapters may take the device down with them.

import { watchDevice, withErrorScopes } from "../gpu/device.ts";
import { mapBuffer } from "../gpu/readback.ts";

/** Of textures to read: the bytes are what ImageData holds. */
export const PICTURE_FORMAT = "rgba8unorm";
/** WebGPU copies rows to multiples of so many bytes. */
const ROW_ALIGNMENT_BYTES = 256;

/** A texture to paint and read; `height` and `width` in canvas pixels. */
export function createPicture(device: GPUDevice, height: number, width: number): GPUTexture {
  const usage = 0x10 | 0x1; // GPUTextureUsage.RENDER_ATTACHMENT | COPY_SRC
  return device.createTexture({ label: "picture", size: [width, height], format: PICTURE_FORMAT, usage });
}

/** RGBA bytes [y, x, 4] of a texture of `createPicture`. Throws GpuError when the device fails. */
export async function readPicture(device: GPUDevice, picture: GPUTexture): Promise<Uint8ClampedArray<ArrayBuffer>> {
  const { height, width } = picture;
  const rowBytes = 4 * width;
  const bytesPerRow = Math.ceil(rowBytes / ROW_ALIGNMENT_BYTES) * ROW_ALIGNMENT_BYTES;
  const usage = 0x1 | 0x8; // GPUBufferUsage.MAP_READ | COPY_DST
  const staging = await withErrorScopes(device, "picture read back", () =>
    device.createBuffer({ label: "picture read back", size: bytesPerRow * height, usage }),
  );
  try {
    const encoder = device.createCommandEncoder({ label: "picture read back" });
    encoder.copyTextureToBuffer({ texture: picture }, { buffer: staging, bytesPerRow }, [width, height]);
    device.queue.submit([encoder.finish()]);
    const rows = new Uint8Array(await mapBuffer(watchDevice(device), staging));
    const pixels = new Uint8ClampedArray(rowBytes * height);
    for (let y = 0; y < height; y++)
      pixels.set(rows.subarray(y * bytesPerRow, y * bytesPerRow + rowBytes), y * rowBytes);
    return pixels;
  } finally {
    staging.destroy();
  }
}
