// The pictures of a session: which canvas shows which view how, and painting them whenever something changed. A view is
// painted once at a time; what changes meanwhile is painted afterwards. The device paints; only the picture's own pixels
// come back, whatever the size of the arrays.

import type { PixelBox } from "../compare/pixel-box.ts";
import type { PreviewSources } from "../engine/result.ts";
import { withErrorScopes } from "../gpu/device.ts";
import { PreviewPainter } from "../preview/painter.ts";
import { DEFAULT_LOOK, type PreviewImage, type PreviewKind, type PreviewRange } from "../preview/preview-image.ts";
import { createPicture, PICTURE_FORMAT, readPicture } from "../preview/read-picture.ts";
import { type PreviewView, previewViews, type ViewSettings } from "./messages.ts";
import { ShownArrays } from "./shown-arrays.ts";

/** A view, with or without a canvas. */
interface Shown {
  canvas: OffscreenCanvas | null;
  context: OffscreenCanvasRenderingContext2D | null;
  settings: ViewSettings;
  /** The painting under way. */
  busy: Promise<void> | null;
  /** Something changed meanwhile. */
  again: boolean;
}

/** Told after each painting. */
export type OnPainted = (view: PreviewView, range: PreviewRange, shape: readonly [number, number]) => void;

const DEFAULT_SETTINGS: ViewSettings = {
  quantity: "phase",
  range: DEFAULT_LOOK.range,
  percentile: DEFAULT_LOOK.percentile,
  zoom: DEFAULT_LOOK.zoom,
  centrePx: DEFAULT_LOOK.centrePx,
};

export class Previews {
  readonly #onPainted: OnPainted;
  readonly #views = new Map<PreviewView, Shown>(
    previewViews.map((view) => [
      view,
      { canvas: null, context: null, settings: DEFAULT_SETTINGS, busy: null, again: false },
    ]),
  );
  #painter: PreviewPainter | null = null;
  #shown: ShownArrays | null = null;
  /** Resolves when the arrays given last are the ones shown. */
  shown: Promise<void> = Promise.resolve();
  #pattern: PreviewImage | null = null;
  #scanBox: PixelBox | null = null;

  constructor(onPainted: OnPainted) {
    this.#onPainted = onPainted;
  }

  /** The arrays that are shown. */
  get arrays(): PreviewSources | null {
    return this.#shown?.arrays ?? null;
  }

  get device(): GPUDevice | null {
    return this.#shown?.device ?? null;
  }

  settingsOf(view: PreviewView): ViewSettings {
    return this.#views.get(view)!.settings;
  }

  /** Moves to a device: the first one, or a new one after a loss. Throws GpuError. */
  async useDevice(device: GPUDevice): Promise<void> {
    if (this.#shown?.device === device) return;
    this.clear();
    this.#painter?.destroy();
    this.#painter = await PreviewPainter.create(device, PICTURE_FORMAT);
    this.#shown = new ShownArrays(device);
  }

  attach(view: PreviewView, canvas: OffscreenCanvas): void {
    const shown = this.#views.get(view)!;
    shown.canvas = canvas;
    shown.context = canvas.getContext("2d");
    this.repaint(view);
  }

  look(view: PreviewView, settings: ViewSettings): void {
    this.#views.get(view)!.settings = settings;
    this.repaint(view);
  }

  /**
   * Shows the arrays of an epoch; `scanBox` is where percentiles of the object are taken from. The arrays may change once
   * this has returned; the promise tells when they are shown.
   */
  async show(sources: PreviewSources, scanBox: PixelBox): Promise<void> {
    this.#scanBox = scanBox;
    this.shown = this.#shown?.take(sources) ?? Promise.resolve();
    await this.shown;
    for (const view of previewViews) if (view !== "pattern") this.repaint(view);
  }

  /** Takes over the image. */
  showPattern(image: PreviewImage): void {
    this.#pattern?.buffer.destroy();
    this.#pattern = image;
    this.repaint("pattern");
  }

  /** Forgets all images and their memory, and empties the canvases. */
  clear(): void {
    this.#shown?.destroy();
    this.#pattern?.buffer.destroy();
    this.#pattern = null;
    for (const { canvas, context } of this.#views.values()) context?.clearRect(0, 0, canvas!.width, canvas!.height);
  }

  repaint(view: PreviewView): void {
    const shown = this.#views.get(view)!;
    shown.again = shown.busy !== null;
    if (!shown.context || shown.busy) return;
    shown.busy = this.#paint(view, shown)
      .catch(() => {}) // a device that fails tells the run; a picture alone is not worth an error
      .then(() => {
        shown.busy = null;
        if (shown.again) this.repaint(view);
      });
  }

  async #paint(view: PreviewView, { canvas, context, settings }: Shown): Promise<void> {
    const image = this.#imageOf(view, settings);
    const { device } = this;
    if (!image || !this.#painter || !device || !canvas || !context) return;
    const [height, width] = settings.sizePx ?? [canvas.height, canvas.width];
    if (height === 0 || width === 0) return; // of a hidden element
    const picture = await withErrorScopes(device, "picture", () => createPicture(device, height, width));
    const target = () => {
      // destroyed while its range was measured: painting it would be an error of the device
      if (this.#imageOf(view, settings)?.buffer !== image.buffer) throw new RangeError("the image is gone");
      return picture;
    };
    // the device holds the probe at the scale of the run's intensities
    const scale = view === "probe" ? (this.arrays?.probeScale ?? 1) : 1;
    const asked = settings.range && ([scale * settings.range[0], scale * settings.range[1]] as const);
    try {
      const look = { ...settings, range: asked, kind: kindOf(view, settings) };
      const painted = await this.#painter.paint(target, image, look);
      const range = { ...painted, low: painted.low / scale, high: painted.high / scale };
      const pixels = context.createImageData(width, height);
      pixels.data.set(await readPicture(device, picture));
      // a new size empties a canvas, so it comes with the new picture
      if (canvas.height !== height || canvas.width !== width) Object.assign(canvas, { height, width });
      context.putImageData(pixels, 0, 0);
      this.#onPainted(view, range, [image.heightPx, image.widthPx]);
    } finally {
      picture.destroy();
    }
  }

  #imageOf(view: PreviewView, settings: ViewSettings): PreviewImage | null {
    if (view === "pattern") return this.#pattern;
    const arrays = this.arrays;
    if (!arrays) return null;
    if (view === "probe") {
      const [modes, heightPx, widthPx] = arrays.probeShape;
      const plane = Math.min(settings.mode ?? 0, modes - 1);
      return { buffer: arrays.probe, plane, heightPx, widthPx, box: { top: 0, left: 0, heightPx, widthPx } };
    }
    const [heightPx, widthPx] = arrays.objectShape;
    const box = this.#scanBox ?? { top: 0, left: 0, heightPx, widthPx };
    return { buffer: arrays.object, plane: 0, heightPx, widthPx, box };
  }
}

function kindOf(view: PreviewView, { quantity }: ViewSettings): PreviewKind {
  if (view === "object-phase") return "phase";
  if (view === "probe" && quantity === "phase") return "phase-and-amplitude";
  return "amplitude";
}
