// The picture of one pattern: measured amplitude on the left, modelled on the right.

import { withErrorScopes } from "../gpu/device.ts";
import type { PreviewImage } from "../preview/preview-image.ts";
import type { ComparedPattern } from "./compare-pattern.ts";

const STORAGE_COPY_DST = 0x80 | 0x8; // GPUBufferUsage.STORAGE | COPY_DST

/** Uploads both as one image of twice the width; the caller destroys its buffer. Throws GpuError, for memory too. */
export async function uploadPatternImage(
  device: GPUDevice,
  { measured, modelled }: ComparedPattern,
  [heightPx, width]: readonly [number, number],
): Promise<PreviewImage> {
  const widthPx = 2 * width;
  const values = new Float32Array(2 * heightPx * widthPx);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < width; x++) {
      values[2 * (y * widthPx + x)] = Math.sqrt(Math.max(0, measured[y * width + x]!));
      values[2 * (y * widthPx + width + x)] = Math.sqrt(Math.max(0, modelled[y * width + x]!));
    }
  }
  const buffer = await withErrorScopes(device, "pattern picture", () =>
    device.createBuffer({ label: "pattern picture", size: values.byteLength, usage: STORAGE_COPY_DST }),
  );
  device.queue.writeBuffer(buffer, 0, values);
  return { buffer, plane: 0, heightPx, widthPx, box: { top: 0, left: 0, heightPx, widthPx } };
}
