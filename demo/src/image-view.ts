// One image on the page: zoom, pan, colour bar with values, range by percentile, a line profile by drag. It shows numbers
// that the page holds, or a canvas that the worker paints.

import { CYCLIC_SPAN_RAD, chooseMap } from "./colour-maps.ts";
import { button, download, element, oncePerFrame } from "./dom.ts";
import { formatTick } from "./format.ts";
import { followPointers } from "./image-gestures.ts";
import type { ImageSettings, ImageViewOptions, Numbers } from "./image-settings.ts";
import { createOverlay } from "./overlay.ts";
import { type Look, paintBar, paintImage } from "./paint.ts";
import { samplePainted } from "./painted-line.ts";
import { createProfilePlot } from "./profile-plot.ts";
import { createRangeSelect, type RangeSelect } from "./range-select.ts";
import { type Line, type LineSample, rangeOf, type ScalarImage, sampleLine } from "./scalar-image.ts";
import { panBy, toImage, toStage, type Viewport, wholeImage, zoomAt } from "./viewport.ts";

const STAGE_PX = 512;

export class ImageView {
  readonly root: HTMLElement;
  readonly range: RangeSelect;
  view: Viewport = wholeImage([1, 1]);
  shape: readonly [number, number] = [1, 1];
  private image: ScalarImage | null = null;
  private rangeOver: readonly ScalarImage[] = [];
  private painted: OffscreenCanvas | null = null;
  private numbers: Numbers | null = null;
  private look: Look;
  private points: ArrayLike<number> | null = null;
  private line: Line | null = null;
  private unit: string;
  private live: HTMLCanvasElement | null = null;
  private readonly options: ImageViewOptions;
  private readonly stage = element("div", { class: "stage", tabindex: 0, role: "img" });
  private readonly still = element("canvas", { width: STAGE_PX, height: STAGE_PX });
  private readonly overlay = createOverlay(STAGE_PX, () => {
    const { view, shape, points, line } = this;
    return { view, shape, points, line };
  });
  private readonly bar = element("canvas", { class: "bar", width: 256, height: 1 });
  private readonly lowLabel = element("span", {}, "–");
  private readonly highLabel = element("span", {}, "–");
  private readonly profileSwitch: HTMLButtonElement;
  private readonly saveButton: HTMLButtonElement;
  private readonly profile = createProfilePlot();
  private readonly caption = element("figcaption", {});
  private readonly showProfile = oncePerFrame(() => this.profile.show(this.sampleShown(), this.unit));

  constructor(options: ImageViewOptions) {
    this.options = options;
    this.unit = options.unit;
    this.look = { quantity: options.quantity, range: [0, 1], lightRange: [0, 1] };
    this.range = createRangeSelect(options.title, options.percentile ?? [0.5, 99.5], options.quantity === "phase", () =>
      this.changeRange(),
    );
    this.profileSwitch = button("Profile", () => this.toggleProfile(), {
      "aria-pressed": "false",
      title: "Drag a line across the image (or hold Shift while dragging)",
    });
    this.saveButton = button("PNG", () => void this.save(), {
      title: "Save the whole image in these colours as a PNG",
    });
    this.caption.textContent = options.title;
    this.stage.setAttribute("aria-label", `${options.title}: arrow keys pan, plus and minus zoom, 0 shows all`);
    this.stage.title = "Ctrl and the wheel zoom, after a click the wheel alone; drag to pan";
    this.stage.append(this.still, this.overlay.canvas);
    this.root = element(
      "figure",
      { class: "view" },
      this.caption,
      this.stage,
      element("div", { class: "colour-bar" }, this.lowLabel, this.bar, this.highLabel),
      this.createTools(),
      this.profile.root,
    );
    followPointers(this.stage, {
      pan: (by) => this.moveTo(panBy(this.view, this.shape, by)),
      zoom: (factor, at) => {
        const { zoom } = this.view;
        this.moveTo(zoomAt(this.view, this.shape, factor, at));
        return this.view.zoom !== zoom;
      },
      reset: () => this.moveTo(wholeImage(this.shape)),
      line: (from, to) => this.setLine([toImage(this.view, this.shape, from), toImage(this.view, this.shape, to)]),
      drawsLines: () => this.profileSwitch.getAttribute("aria-pressed") === "true",
    });
    this.setLook(this.look);
    this.offerTools();
  }

  /** Shows numbers the page holds; null clears them. Zoom and place stay where the shape is the same. */
  setImage(image: ScalarImage | null, settings: ImageSettings = {}): void {
    this.image = image;
    this.rangeOver = settings.rangeOver ?? (image ? [image] : []);
    this.unit = settings.unit ?? this.options.unit;
    if (settings.quantity) this.look = { ...this.look, quantity: settings.quantity };
    if (image) {
      this.setShape(image.shape);
      if (this.live) this.live.hidden = true;
    }
    this.still.hidden = image === null;
    this.recolour();
    this.offerTools();
  }

  /**
   * Takes a canvas that somebody else paints; it is seen once `showLive` tells of a picture. `view`: what to look at first
   * when the shape is another than before.
   */
  setLive(canvas: HTMLCanvasElement, shape: readonly [number, number], view = wholeImage(shape)): void {
    if (this.live !== canvas) {
      this.live?.remove();
      this.live = canvas;
      this.stage.prepend(canvas);
    }
    canvas.hidden = true; // until it shows something of this run
    this.numbers = null;
    if (this.setShape(shape)) this.view = view;
    this.setImage(null);
  }

  /** The worker has painted an image of this shape. */
  showLive(shape: readonly [number, number], look: Look): void {
    if (this.image || !this.live) return;
    this.live.hidden = false;
    this.setShape(shape);
    this.setLook(look);
    this.offerTools();
    // a canvas of the worker shows its new picture with the next frame
    if (this.line) requestAnimationFrame(this.showProfile);
  }

  /** The exact numbers of what is shown, for lines and files. */
  setNumbers(numbers: Numbers | null): void {
    this.numbers = numbers;
    this.offerTools();
    if (this.line) this.showProfile();
  }

  /** Points [point, 2] (y, x) in image pixels to draw over the image. */
  setPoints(points: ArrayLike<number> | null): void {
    this.points = points;
    this.overlay.draw();
  }

  /** What is chosen at `other` holds here from now on. */
  takeRange(other: ImageView): void {
    this.range.copy(other.range);
    this.recolour();
  }

  private setLook(look: Look): void {
    this.look = look;
    const [low, high] = look.range;
    this.lowLabel.textContent = formatTick(low);
    this.highLabel.textContent = `${formatTick(high)}${this.unit ? ` ${this.unit}` : ""}`;
    paintBar(this.bar, chooseMap(look.quantity, low, high));
  }

  /** True when the shape is another than before. */
  private setShape(shape: readonly [number, number]): boolean {
    if (shape[0] === this.shape[0] && shape[1] === this.shape[1]) return false;
    this.view = wholeImage(shape);
    this.shape = shape;
    return true;
  }

  private createTools(): HTMLElement {
    const zoom = (factor: number) => () => this.moveTo(zoomAt(this.view, this.shape, factor));
    return element(
      "div",
      { class: "tools" },
      this.range.root,
      button("−", zoom(1 / 1.5), { "aria-label": "Zoom out" }),
      button("+", zoom(1.5), { "aria-label": "Zoom in" }),
      button("All", () => this.moveTo(wholeImage(this.shape)), { title: "Show the whole image" }),
      this.profileSwitch,
      this.saveButton,
    );
  }

  /** A file needs the numbers. */
  private offerTools(): void {
    this.profileSwitch.disabled = this.image === null && (this.live === null || this.live.hidden);
    this.saveButton.disabled = this.image === null && this.numbers === null;
  }

  private changeRange(): void {
    this.recolour();
    this.options.onRange?.();
    this.options.onSettings?.();
  }

  private toggleProfile(): void {
    const pressed = this.profileSwitch.getAttribute("aria-pressed") === "true";
    this.profileSwitch.setAttribute("aria-pressed", String(!pressed));
    this.stage.classList.toggle("drawing", !pressed);
    this.followZoom();
    const [height, width] = this.shape;
    const across: Line = [
      [height / 2, 0.5],
      [height / 2, width - 0.5],
    ];
    this.setLine(pressed ? null : (this.line ?? across));
  }

  private setLine(line: Line | null): void {
    this.line = line;
    this.showProfile();
    this.overlay.draw();
  }

  private sampleShown(): LineSample | null {
    const { line, image, live, look, view, shape } = this;
    if (!line) return null;
    if (this.numbers) return this.numbers.sample(line);
    if (image) return sampleLine(shape, (index) => image.values[index]!, line, image.stepPx);
    if (!live || live.hidden || look.quantity === "hue") return null;
    return samplePainted(live, look.quantity, look.range, { view, shape }, line);
  }

  private moveTo(view: Viewport): void {
    this.view = view;
    this.draw();
    this.options.onSettings?.();
  }

  private recolour(): void {
    const { image } = this;
    if (image) {
      const { quantity } = this.look;
      const { percentile } = this.range;
      const lightRange = image.light ? rangeOf([{ ...image, values: image.light }], percentile) : this.look.lightRange;
      this.setLook({ quantity, range: this.rangeOfNumbers(), lightRange });
      this.painted = paintImage(image, this.look);
    } else this.painted = null;
    if (this.line) this.showProfile();
    this.draw();
  }

  /** Phases that span more than half a turn get the whole one; differences get equal sides. */
  private rangeOfNumbers(): [number, number] {
    const { quantity } = this.look;
    const [low, high] = rangeOf(this.rangeOver, this.range.percentile);
    const turn = quantity === "phase" && (this.range.fullTurn || high - low > CYCLIC_SPAN_RAD);
    if (quantity === "hue" || turn) return [-Math.PI, Math.PI];
    if (quantity !== "difference") return [low, high];
    const largest = Math.max(Math.abs(low), Math.abs(high));
    return [-largest, largest];
  }

  /** A finger on an image that is seen whole scrolls the page. */
  private followZoom(): void {
    const drawing = this.stage.classList.contains("drawing");
    this.stage.classList.toggle("whole", this.view.zoom === 1 && !drawing);
  }

  private draw(): void {
    this.followZoom();
    if (this.painted) {
      const context = this.still.getContext("2d")!;
      context.clearRect(0, 0, STAGE_PX, STAGE_PX);
      const at = (point: readonly [number, number]) => toStage(this.view, this.shape, point);
      const [top, left] = at([0, 0]).map((part) => part * STAGE_PX) as [number, number];
      const [bottom, right] = at(this.shape).map((part) => part * STAGE_PX) as [number, number];
      context.imageSmoothingEnabled = false;
      context.drawImage(this.painted, left, top, right - left, bottom - top);
    }
    this.overlay.draw();
  }

  private async save(): Promise<void> {
    const name = this.options.title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    this.saveButton.disabled = true;
    try {
      const png = await (this.numbers?.draw(this.look) ?? this.painted?.convertToBlob({ type: "image/png" }));
      if (png) download(`${name}.png`, png);
    } catch (error) {
      this.options.onError?.(error);
    }
    this.offerTools();
  }
}
