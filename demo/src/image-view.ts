// One image on the page: zoom, pan, colour bar with values, range by percentile, a line profile by drag. It shows numbers
// that the page holds, or a canvas that the worker paints.

import { CYCLIC_SPAN_RAD, chooseMap, type Quantity } from "./colour-maps.ts";
import { button, download, element } from "./dom.ts";
import { formatTick } from "./format.ts";
import { followPointers } from "./image-gestures.ts";
import { paintBar, paintImage } from "./paint.ts";
import { samplePainted } from "./painted-line.ts";
import { createProfilePlot } from "./profile-plot.ts";
import { type LineSample, rangeOf, type ScalarImage, sampleLine } from "./scalar-image.ts";
import { panBy, toImage, toStage, type Viewport, wholeImage, zoomAt } from "./viewport.ts";

const STAGE_PX = 512;

/** Choices of the range, in percent. */
const percentiles: readonly (readonly [label: string, low: number, high: number])[] = [
  ["0–100 %", 0, 100],
  ["0.5–99.5 %", 0.5, 99.5],
  ["2–98 %", 2, 98],
  ["10–90 %", 10, 90],
];

/** Of phases: the whole circle in the map that meets itself. */
const FULL_TURN = "−π … π";

/** Two image points (y, x). */
type Line = readonly [readonly [number, number], readonly [number, number]];

export interface ImageViewOptions {
  readonly title: string;
  readonly quantity: Quantity;
  /** Of the values at the colour bar, e.g. "rad". */
  readonly unit: string;
  readonly percentile?: readonly [number, number];
  /** Called when the user zooms, pans or chooses another range. */
  readonly onSettings?: () => void;
}

export class ImageView {
  readonly root: HTMLElement;
  percentile: readonly [number, number];
  /** The whole circle instead of percentiles; phases only. */
  fullTurn = false;
  view: Viewport = wholeImage([1, 1]);
  shape: readonly [number, number] = [1, 1];
  private image: ScalarImage | null = null;
  private painted: HTMLCanvasElement | null = null;
  private range: readonly [number, number] = [0, 1];
  private points: ArrayLike<number> | null = null;
  private line: Line | null = null;
  private quantity: Quantity;
  private live: HTMLCanvasElement | null = null;
  private readonly options: ImageViewOptions;
  private readonly stage = element("div", { class: "stage", tabindex: 0, role: "img" });
  private readonly still = element("canvas", { width: STAGE_PX, height: STAGE_PX });
  private readonly overlay = element("canvas", { width: STAGE_PX, height: STAGE_PX });
  private readonly bar = element("canvas", { class: "bar", width: 256, height: 1 });
  private readonly lowLabel = element("span", {}, "–");
  private readonly highLabel = element("span", {}, "–");
  private readonly profileSwitch: HTMLButtonElement;
  private readonly saveButton: HTMLButtonElement;
  private readonly profile = createProfilePlot();
  private readonly caption = element("figcaption", {});

  constructor(options: ImageViewOptions) {
    this.options = options;
    this.quantity = options.quantity;
    this.percentile = options.percentile ?? [0.5, 99.5];
    this.profileSwitch = button("Profile", () => this.toggleProfile(), {
      "aria-pressed": "false",
      title: "Drag a line across the image (or hold Shift while dragging)",
    });
    this.saveButton = button("PNG", () => this.save(), { title: "Save what is shown as a PNG" });
    this.setTitle(options.title);
    this.stage.append(this.still, this.overlay);
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
      zoom: (factor, at) => this.moveTo(zoomAt(this.view, this.shape, factor, at)),
      reset: () => this.moveTo(wholeImage(this.shape)),
      line: (from, to) => this.setLine([toImage(this.view, this.shape, from), toImage(this.view, this.shape, to)]),
      drawsLines: () => this.profileSwitch.getAttribute("aria-pressed") === "true",
    });
    this.setRange(this.range);
    this.offerTools();
  }

  setTitle(title: string): void {
    this.caption.textContent = title;
    this.stage.setAttribute("aria-label", `${title}: arrow keys pan, plus and minus zoom, 0 shows all`);
  }

  /** Shows numbers the page holds; null clears them. Zoom and place stay where the shape is the same. */
  setImage(image: ScalarImage | null, quantity: Quantity = this.quantity): void {
    this.image = image;
    this.quantity = quantity;
    if (image && (image.shape[0] !== this.shape[0] || image.shape[1] !== this.shape[1])) this.setShape(image.shape);
    if (this.live) this.live.hidden = image !== null;
    this.still.hidden = image === null;
    this.recolour();
    this.offerTools();
  }

  /**
   * Takes a canvas that somebody else paints; it is seen while the page holds no numbers. `view`: what to look at first
   * when the shape is another than before.
   */
  setLive(canvas: HTMLCanvasElement, shape: readonly [number, number], view = wholeImage(shape)): void {
    if (this.live !== canvas) {
      this.live?.remove();
      this.live = canvas;
      this.stage.prepend(canvas);
    }
    const before = this.shape;
    this.setShape(shape);
    if (shape[0] !== before[0] || shape[1] !== before[1]) this.view = view;
    this.setImage(null);
  }

  /** The image that the worker paints turned out to be of this shape. */
  setLiveShape(shape: readonly [number, number]): void {
    if (!this.image) this.setShape(shape);
  }

  /** Values at the ends of the colour bar. */
  setRange(range: readonly [number, number], quantity: Quantity = this.quantity): void {
    this.range = range;
    this.quantity = quantity;
    const unit = this.options.unit ? ` ${this.options.unit}` : "";
    this.lowLabel.textContent = formatTick(range[0]);
    this.highLabel.textContent = `${formatTick(range[1])}${unit}`;
    paintBar(this.bar, chooseMap(this.quantity, range[0], range[1]));
    // a canvas of the worker shows its new picture with the next frame
    if (this.line && !this.image) requestAnimationFrame(() => this.showProfile());
  }

  /** Points [point, 2] (y, x) in image pixels to draw over the image. */
  setPoints(points: ArrayLike<number> | null): void {
    this.points = points;
    this.drawOverlay();
  }

  private setShape(shape: readonly [number, number]): void {
    if (shape[0] !== this.shape[0] || shape[1] !== this.shape[1]) this.view = wholeImage(shape);
    this.shape = shape;
  }

  private createTools(): HTMLElement {
    const select = element("select", { "aria-label": `Range of ${this.options.title}` });
    for (const [label, low, high] of percentiles) {
      const chosen = low === this.percentile[0] && high === this.percentile[1];
      select.append(element("option", { value: label, selected: chosen }, label));
    }
    if (this.options.quantity === "phase") select.append(element("option", { value: FULL_TURN }, FULL_TURN));
    select.addEventListener("change", () => {
      const chosen = percentiles[select.selectedIndex];
      this.fullTurn = chosen === undefined;
      if (chosen) this.percentile = [chosen[1], chosen[2]];
      this.recolour();
      this.options.onSettings?.();
    });
    const zoom = (factor: number) => () => this.moveTo(zoomAt(this.view, this.shape, factor));
    return element(
      "div",
      { class: "tools" },
      select,
      button("−", zoom(1 / 1.5), { "aria-label": "Zoom out" }),
      button("+", zoom(1.5), { "aria-label": "Zoom in" }),
      button("All", () => this.moveTo(wholeImage(this.shape)), { title: "Show the whole image" }),
      this.profileSwitch,
      this.saveButton,
    );
  }

  /** A file needs the numbers. */
  private offerTools(): void {
    this.profileSwitch.disabled = this.image === null && this.live === null;
    this.saveButton.disabled = this.image === null;
  }

  private toggleProfile(): void {
    const pressed = this.profileSwitch.getAttribute("aria-pressed") === "true";
    this.profileSwitch.setAttribute("aria-pressed", String(!pressed));
    this.stage.classList.toggle("drawing", !pressed);
    if (pressed) this.setLine(null);
    else
      this.setLine(
        this.line ?? [
          [this.shape[0] / 2, 0.5],
          [this.shape[0] / 2, this.shape[1] - 0.5],
        ],
      );
  }

  private setLine(line: Line | null): void {
    this.line = line;
    this.showProfile();
    this.drawOverlay();
  }

  private showProfile(): void {
    const { line, image, live, quantity, range, view, shape } = this;
    let sample: LineSample | null = null;
    if (line && image) sample = sampleLine(image, ...line);
    else if (line && live && quantity !== "hue") sample = samplePainted(live, quantity, range, { view, shape }, line);
    this.profile.show(sample, this.options.unit);
  }

  private moveTo(view: Viewport): void {
    this.view = view;
    this.draw();
    this.options.onSettings?.();
  }

  private recolour(): void {
    if (this.image) {
      this.setRange(this.rangeOfImage(this.image));
      this.painted = paintImage(this.image, this.quantity, this.range, this.percentile);
    } else this.painted = null;
    if (this.line) this.setLine(this.line);
    this.draw();
  }

  /** Phases that span more than half a turn get the whole one; differences get equal sides. */
  private rangeOfImage(image: ScalarImage): [number, number] {
    const [low, high] = rangeOf([image], this.percentile);
    if (this.quantity === "hue") return [-Math.PI, Math.PI];
    if (this.quantity === "phase" && (this.fullTurn || high - low > CYCLIC_SPAN_RAD)) return [-Math.PI, Math.PI];
    if (this.quantity !== "difference") return [low, high];
    const largest = Math.max(Math.abs(low), Math.abs(high));
    return [-largest, largest];
  }

  private draw(): void {
    const context = this.still.getContext("2d")!;
    context.clearRect(0, 0, STAGE_PX, STAGE_PX);
    if (this.painted) {
      const [top, left] = toStage(this.view, this.shape, [0, 0]);
      const [bottom, right] = toStage(this.view, this.shape, this.shape);
      context.imageSmoothingEnabled = false;
      context.drawImage(
        this.painted,
        left * STAGE_PX,
        top * STAGE_PX,
        (right - left) * STAGE_PX,
        (bottom - top) * STAGE_PX,
      );
    }
    this.drawOverlay();
  }

  private drawOverlay(): void {
    const context = this.overlay.getContext("2d")!;
    context.clearRect(0, 0, STAGE_PX, STAGE_PX);
    const place = (point: readonly [number, number]) =>
      toStage(this.view, this.shape, point).map((part) => part * STAGE_PX) as [number, number];
    if (this.points) {
      context.fillStyle = "#fff";
      context.strokeStyle = "#000";
      for (let i = 0; i < this.points.length; i += 2) {
        const [y, x] = place([this.points[i]!, this.points[i + 1]!]);
        context.beginPath();
        context.arc(x, y, 2.5, 0, 2 * Math.PI);
        context.fill();
        context.stroke();
      }
    }
    if (this.line) {
      const [from, to] = this.line.map(place) as [[number, number], [number, number]];
      for (const [colour, width] of [
        ["#000", 5],
        ["#fff", 2],
      ] as const) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.beginPath();
        context.moveTo(from[1], from[0]);
        context.lineTo(to[1], to[0]);
        context.stroke();
      }
      context.lineWidth = 1;
    }
  }

  private save(): void {
    const name = this.caption.textContent!.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    this.painted?.toBlob((blob) => blob && download(`${name}.png`, blob), "image/png");
  }
}
