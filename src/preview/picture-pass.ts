// The render pass of a preview: shaders/pictures/preview.wgsl, its pipeline and colour maps.

import { GpuError } from "../errors.ts";
import { compileError, createParams } from "../gpu/kernel.ts";
import { shaders } from "../gpu/shaders.ts";
import { type ColourMap, cyclicMap, greyMap, risingMap } from "../pictures/colour-maps.ts";
import type { PreviewImage, PreviewMap, PreviewRange } from "./preview-image.ts";

const SHADER = "pictures/preview";
const KINDS: Readonly<Record<PreviewMap, number>> = { cyclic: 0, rising: 0, grey: 1, hue: 2 };
const MAPS: Readonly<Record<PreviewMap, ColourMap>> = {
  cyclic: cyclicMap,
  rising: risingMap,
  grey: greyMap,
  hue: cyclicMap,
};
const STORAGE_COPY_DST = 0x80 | 0x8; // GPUBufferUsage.STORAGE | COPY_DST

/** Fields of the shader's Params, in its order. */
const FIELDS = {
  first: "u32",
  height: "u32",
  width: "u32",
  kind: "u32",
  colourCount: "u32",
  low: "f32",
  high: "f32",
  referenceRe: "f32",
  referenceIm: "f32",
  centreY: "f32",
  centreX: "f32",
  scale: "f32",
  canvasHeight: "f32",
  canvasWidth: "f32",
} as const;

/** How the image lies on the canvas. */
export interface PictureFrame {
  readonly zoom: number;
  readonly centrePx: readonly [number, number] | null;
}

/** Paints images into textures of one format. */
export class PicturePass {
  readonly #device: GPUDevice;
  readonly #pipeline: GPURenderPipeline;
  readonly #colours = new Map<ColourMap, GPUBuffer>();

  /** Throws GpuError KERNEL_COMPILE (69). */
  static async create(device: GPUDevice, format: GPUTextureFormat): Promise<PicturePass> {
    const { code, origin } = shaders[SHADER]!;
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label: SHADER, code });
    const scope = device.popErrorScope();
    try {
      const pipeline = await device.createRenderPipelineAsync({
        label: SHADER,
        layout: "auto",
        vertex: { module, entryPoint: "cover" },
        fragment: { module, entryPoint: "paint", targets: [{ format }] },
      });
      const failure = await scope;
      if (failure) throw new GpuError("KERNEL_COMPILE", `${SHADER}: ${failure.message}`, {}, 69);
      return new PicturePass(device, pipeline);
    } catch (error) {
      throw error instanceof GpuError ? error : await compileError(SHADER, module, origin, error);
    }
  }

  private constructor(device: GPUDevice, pipeline: GPURenderPipeline) {
    this.#device = device;
    this.#pipeline = pipeline;
  }

  /** Fills the whole texture; what lies beside the image stays transparent. */
  paint(target: GPUTexture, image: PreviewImage, range: PreviewRange, frame: PictureFrame): void {
    const device = this.#device;
    const { heightPx, widthPx } = image;
    const [centreY, centreX] = frame.centrePx ?? [(heightPx - 1) / 2, (widthPx - 1) / 2];
    const map = MAPS[range.map];
    const params = createParams(device, SHADER, FIELDS, {
      first: image.plane * heightPx * widthPx,
      height: heightPx,
      width: widthPx,
      kind: KINDS[range.map],
      colourCount: map.entries,
      low: range.low,
      high: range.high,
      referenceRe: Math.cos(range.referenceRad),
      referenceIm: Math.sin(range.referenceRad),
      centreY,
      centreX,
      scale: frame.zoom * Math.min(target.height / heightPx, target.width / widthPx),
      canvasHeight: target.height,
      canvasWidth: target.width,
    });
    const resources = [params, image.buffer, this.#coloursOf(map)];
    const group = device.createBindGroup({
      layout: this.#pipeline.getBindGroupLayout(0),
      entries: resources.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const encoder = device.createCommandEncoder({ label: SHADER });
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: target.createView(), loadOp: "clear", storeOp: "store" }],
    });
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, group);
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
    params.destroy(); // once the device is done with it
  }

  destroy(): void {
    for (const buffer of this.#colours.values()) buffer.destroy();
    this.#colours.clear();
  }

  #coloursOf(map: ColourMap): GPUBuffer {
    const known = this.#colours.get(map);
    if (known) return known;
    const bytes = new Uint8Array(4 * map.entries).fill(255);
    for (let entry = 0; entry < map.entries; entry++) bytes.set(map.data.subarray(3 * entry, 3 * entry + 3), 4 * entry);
    const buffer = this.#device.createBuffer({ label: "colour map", size: bytes.length, usage: STORAGE_COPY_DST });
    this.#device.queue.writeBuffer(buffer, 0, bytes);
    this.#colours.set(map, buffer);
    return buffer;
  }
}
