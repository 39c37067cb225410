// Object, probe, pattern and loss, painted by the worker while a run is under way and after its end. The page holds the
// numbers of a finished run for lines and files; it shows them itself only when the worker that painted is gone.

import { type ComplexPlane, cropTo, type Part } from "./complex-plane.ts";
import { createCurvePlot } from "./curve-plot.ts";
import { button, element } from "./dom.ts";
import { ImageView } from "./image-view.ts";
import type { FinishedResult, Message, PreviewView, RequestId, ViewSettings } from "./protocol.ts";
import { type DrawImage, numbersOf, ResultNumbers } from "./result-numbers.ts";
import { LARGEST_SHOWN_PX, type ScalarImage, thin, toLog } from "./scalar-image.ts";
import { frameOf, fromIndices } from "./viewport.ts";

type ArrayView = "object-phase" | "object-amplitude" | "probe";
const CANVAS_PX = 512;

export interface LiveViewEvents {
  attachCanvas(view: PreviewView, canvas: OffscreenCanvas): void;
  setView(view: PreviewView, settings: ViewSettings): void;
  readonly drawImage: DrawImage;
  computeNumbers(request: { readonly plane: ComplexPlane; readonly part: Part }): Promise<ScalarImage>;
  onError(error: unknown): void;
}

export class LiveViews {
  readonly root: HTMLElement;
  private readonly events: LiveViewEvents;
  private readonly views: Readonly<Record<ArrayView, ImageView>>;
  private readonly canvases = new Map<ArrayView, HTMLCanvasElement>();
  private readonly measured: ImageView;
  private readonly modelled: ImageView;
  private readonly loss = createCurvePlot({
    heightPx: 220,
    xLabel: "epoch",
    yLabel: "loss",
    logarithmic: true,
    wholeX: true,
    curves: [["loss", "--accent"]],
  });
  private readonly modeSelect = element("select", { "aria-label": "Probe mode" });
  private readonly partSelect = element("select", { "aria-label": "What the probe image shows" });
  private readonly dots: HTMLButtonElement;
  private losses: [number[], (number | null)[]] = [[], []];
  /** Counts what clears the patterns, so that a late one is not shown. */
  private patternTurn = 0;
  private points: Float32Array | null = null;
  /** The run whose pictures are shown. */
  private run: RequestId | null = null;
  private numbers: ResultNumbers | null = null;
  /** The page shows the numbers itself. */
  private still = false;

  constructor(events: LiveViewEvents) {
    this.events = events;
    const { onError } = events;
    const made = (view: ArrayView, title: string, quantity: "phase" | "amplitude") =>
      new ImageView({
        title,
        quantity,
        unit: quantity === "phase" ? "rad" : "",
        onSettings: () => this.sendSettings(view),
        onError,
      });
    this.views = {
      "object-phase": made("object-phase", "Object phase", "phase"),
      "object-amplitude": made("object-amplitude", "Object amplitude", "amplitude"),
      probe: made("probe", "Probe", "amplitude"),
    };
    const pattern = (title: string, other: () => ImageView): ImageView => {
      const view: ImageView = new ImageView({
        title,
        quantity: "log",
        unit: "",
        onRange: () => other().takeRange(view),
        onError,
      });
      return view;
    };
    this.measured = pattern("Measured pattern, log₁₀", () => this.modelled);
    this.modelled = pattern("Modelled pattern, log₁₀", () => this.measured);
    this.dots = button("Positions", () => this.togglePoints(), {
      "aria-pressed": "false",
      title: "Show the scan positions over the object",
    });
    this.views["object-phase"].root.querySelector(".tools")!.append(this.dots);
    this.addProbeTools();
    const lossFigure = element("figure", { class: "view wide" }, element("figcaption", {}, "Loss"), this.loss.root);
    const images = [...Object.values(this.views), this.measured, this.modelled].map(({ root }) => root);
    this.root = element(
      "section",
      { class: "panel views", hidden: true, "aria-label": "Reconstruction" },
      element("h2", {}, "Reconstruction"),
      element("div", { class: "grid" }, ...images, lossFigure),
    );
  }

  /** Canvases for a worker that has none: those of an earlier one cannot come back. */
  attachCanvases(): void {
    for (const view of Object.keys(this.views) as ArrayView[]) {
      const canvas = element("canvas", { width: CANVAS_PX, height: CANVAS_PX });
      this.canvases.set(view, canvas);
      this.events.attachCanvas(view, canvas.transferControlToOffscreen());
      this.sendSettings(view);
    }
  }

  /** Makes room for a run with probes of `probeShape` pixels; looks at the scan first. */
  begin({ id, canvasShape, probeModes, positionsPx }: Message<"started">, probeShape: readonly [number, number]): void {
    const points = fromIndices(positionsPx);
    this.root.hidden = false;
    this.run = id;
    this.numbers = null;
    this.still = false;
    this.showLosses([], 0);
    this.setModes(probeModes);
    const frame = frameOf(points, canvasShape, Math.max(...probeShape) / 3);
    for (const view of Object.keys(this.views) as ArrayView[]) {
      if (view === "probe") this.views[view].setLive(this.canvases.get(view)!, probeShape);
      else this.views[view].setLive(this.canvases.get(view)!, canvasShape, frame);
      this.sendSettings(view);
    }
    this.clearPatterns();
    this.setPoints(points);
  }

  hide(): void {
    this.root.hidden = true;
    this.numbers = null;
    this.showLosses([], 0);
    for (const view of Object.values(this.views)) view.setNumbers(null);
    for (const view of Object.values(this.views)) view.setImage(null);
    this.clearPatterns();
  }

  addProgress({ epoch, losses }: Message<"progress">): void {
    if (losses.length > 0) this.showLosses(losses, epoch - losses.length);
  }

  /** What was painted for another run is not this one's. */
  setRange({ id, view, low, high, map, shape }: Message<"ranges">): void {
    if (view === "pattern" || id !== this.run) return;
    const turn = [-Math.PI, Math.PI] as const;
    const ends = [low, high] as const;
    if (map === "hue") this.views[view].showLive(shape, { quantity: "hue", range: turn, lightRange: ends });
    else {
      const quantity = map === "grey" ? "amplitude" : "phase";
      this.views[view].showLive(shape, { quantity, range: ends, lightRange: [0, 1] });
    }
  }

  /** Both in one range, so that equal colours are equal intensities. */
  setPattern({ measured, modelled, shape }: Message<"arrays">): void {
    const size = shape.slice(-2) as unknown as [number, number];
    const [first, second] = [measured, modelled].map((values) =>
      toLog(thin({ shape: size, values }, LARGEST_SHOWN_PX)),
    );
    const rangeOver = [first!, second!];
    this.measured.setImage(first!, { rangeOver });
    // each in a task of its own: large ones would hold the page up together
    const { patternTurn } = this;
    setTimeout(() => {
      if (patternTurn === this.patternTurn) this.modelled.setImage(second!, { rangeOver });
    });
  }

  private clearPatterns(): void {
    this.patternTurn++;
    for (const view of [this.measured, this.modelled]) view.setImage(null);
  }

  /** Takes the numbers of the result, so that lines are exact and files can be saved; the pictures stay the worker's. */
  finish(result: FinishedResult, positionsPx: ArrayLike<number>): void {
    const numbers = new ResultNumbers(result, positionsPx);
    this.numbers = numbers;
    this.setModes(numbers.modes);
    for (const view of Object.keys(this.views) as ArrayView[]) {
      const source = numbersOf(
        () => this.planeOf(view, numbers),
        () => this.partOf(view),
        this.events.drawImage,
      );
      this.views[view].setNumbers(source);
    }
    this.showLosses([...result.loss], 0);
  }

  /** Shows a finished result again without the worker that painted it. */
  async restore(result: FinishedResult, positionsPx: ArrayLike<number>): Promise<void> {
    this.root.hidden = false;
    this.run = null;
    this.still = true;
    this.clearPatterns(); // of another run, or gone
    this.finish(result, positionsPx);
    this.setPoints(fromIndices(positionsPx));
    await Promise.all((Object.keys(this.views) as ArrayView[]).map((view) => this.showStill(view)));
  }

  private async showStill(view: ArrayView): Promise<void> {
    const { numbers } = this;
    if (!numbers) return;
    const part = this.partOf(view);
    const image = await this.events.computeNumbers({ plane: this.planeOf(view, numbers), part });
    if (this.still && this.numbers === numbers && part === this.partOf(view)) {
      // colours as the worker's: for what was scanned
      const rangeOver = [view === "probe" ? image : cropTo(image, numbers.box)];
      this.views[view].setImage(image, { quantity: part, rangeOver });
    }
  }

  private planeOf(view: ArrayView, numbers: ResultNumbers): ComplexPlane {
    return view === "probe" ? numbers.probePlane(this.mode) : numbers.objectPlane();
  }

  /** A phase of the probe means nothing where there is no light. */
  private partOf(view: ArrayView): Part {
    if (view !== "probe") return view === "object-phase" ? "phase" : "amplitude";
    return this.partSelect.value === "phase" ? "hue" : "amplitude";
  }

  private get mode(): number {
    return Math.max(0, this.modeSelect.selectedIndex);
  }

  /** Losses of the epochs after `before`. */
  private showLosses(losses: readonly number[], before: number): void {
    // what a recovered run does again replaces what was there
    const kept = this.losses[0].filter((epoch) => epoch <= before).length;
    this.losses = [this.losses[0].slice(0, kept), this.losses[1].slice(0, kept)];
    losses.forEach((loss, index) => {
      this.losses[0].push(before + 1 + index);
      this.losses[1].push(loss > 0 ? loss : null); // nothing below zero on a log axis
    });
    this.loss.setData(this.losses);
  }

  private setModes(count: number): void {
    const chosen = Math.min(this.mode, count - 1);
    this.modeSelect.replaceChildren(
      ...Array.from({ length: count }, (_, mode) =>
        element("option", { value: mode, selected: mode === chosen }, `mode ${mode + 1}`),
      ),
    );
    this.modeSelect.hidden = count < 2;
  }

  private showProbe(): void {
    this.sendSettings("probe");
    if (this.still) this.showStill("probe").catch(this.events.onError);
  }

  private addProbeTools(): void {
    for (const part of ["amplitude", "phase"]) this.partSelect.append(element("option", { value: part }, part));
    for (const select of [this.partSelect, this.modeSelect]) select.addEventListener("change", () => this.showProbe());
    this.modeSelect.hidden = true;
    this.views.probe.root.querySelector(".tools")!.append(this.partSelect, this.modeSelect);
  }

  private sendSettings(view: ArrayView): void {
    if (!this.canvases.has(view)) return;
    const { range, view: viewport } = this.views[view];
    const part = this.partOf(view);
    this.events.setView(view, {
      quantity: part === "hue" ? "phase" : part,
      range: range.fullTurn ? [-Math.PI, Math.PI] : null,
      percentile: [range.percentile[0], range.percentile[1]],
      zoom: viewport.zoom,
      // the worker counts from the middle of pixel [0, 0], the page from its corner
      centrePx: [viewport.centrePx[0] - 0.5, viewport.centrePx[1] - 0.5],
      ...(view === "probe" ? { mode: this.mode } : {}),
    });
  }

  private togglePoints(): void {
    this.dots.setAttribute("aria-pressed", String(this.dots.getAttribute("aria-pressed") !== "true"));
    this.setPoints(this.points);
  }

  private setPoints(points: Float32Array | null): void {
    this.points = points;
    this.dots.disabled = points === null;
    this.views["object-phase"].setPoints(this.dots.getAttribute("aria-pressed") === "true" ? points : null);
  }
}
