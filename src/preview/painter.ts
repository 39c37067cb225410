// Paints what lies on the device: the range is found there, the picture drawn there; no image is read back.

import { ImageMeter } from "./measure-image.ts";
import { chooseRange, fixedRange } from "./percentile-range.ts";
import { PicturePass } from "./picture-pass.ts";
import type { PreviewImage, PreviewLook, PreviewRange } from "./preview-image.ts";

export class PreviewPainter {
  readonly #meter: ImageMeter;
  readonly #pass: PicturePass;

  /** `format` of the textures to paint into. Throws GpuError. */
  static async create(device: GPUDevice, format: GPUTextureFormat): Promise<PreviewPainter> {
    const meter = await ImageMeter.create(device);
    return new PreviewPainter(meter, await PicturePass.create(device, format));
  }

  private constructor(meter: ImageMeter, pass: PicturePass) {
    this.#meter = meter;
    this.#pass = pass;
  }

  /**
   * Paints the image and gives the values of its colour bar. `target` is asked for a texture once the range is known: a
   * canvas gives one for the task under way only. Throws GpuError when the device fails.
   */
  async paint(target: () => GPUTexture, image: PreviewImage, look: PreviewLook): Promise<PreviewRange> {
    const statistics = await this.#meter.measure(image);
    const range = look.range
      ? fixedRange(statistics, look.kind, look.range)
      : chooseRange(statistics, look.kind, look.percentile);
    this.#pass.paint(target(), image, range, look);
    return range;
  }

  destroy(): void {
    this.#pass.destroy();
  }
}
