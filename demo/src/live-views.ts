// Object, probe, pattern and loss: painted by the worker while a run is under way, from the result afterwards.

import { createCurvePlot } from "./curve-plot.ts";
import { button, element } from "./dom.ts";
import { ImageView } from "./image-view.ts";
import type { FinishedResult, Message, PreviewView, ViewSettings } from "./protocol.ts";
import { pickComponent, toLog } from "./scalar-image.ts";
import { frameOf, fromIndices } from "./viewport.ts";

type ArrayView = "object-phase" | "object-amplitude" | "probe";
const CANVAS_PX = 512;

export interface LiveViewEvents {
  attachCanvas(view: PreviewView, canvas: OffscreenCanvas): void;
  setView(view: PreviewView, settings: ViewSettings): void;
}

export class LiveViews {
  readonly root: HTMLElement;
  private readonly events: LiveViewEvents;
  private readonly views: Readonly<Record<ArrayView, ImageView>>;
  private readonly canvases = new Map<ArrayView, HTMLCanvasElement>();
  private readonly measured = new ImageView({ title: "Measured pattern, log₁₀", quantity: "log", unit: "" });
  private readonly modelled = new ImageView({ title: "Modelled pattern, log₁₀", quantity: "log", unit: "" });
  private readonly loss = createCurvePlot({
    heightPx: 220,
    xLabel: "epoch",
    yLabel: "loss",
    logarithmic: true,
    curves: [["loss", "--accent"]],
  });
  private readonly modeSelect = element("select", { "aria-label": "Probe mode" });
  private readonly partSelect = element("select", { "aria-label": "What the probe image shows" });
  private readonly dots: HTMLButtonElement;
  private losses: [number[], (number | null)[]] = [[], []];
  private points: Float32Array | null = null;
  private result: FinishedResult | null = null;

  constructor(events: LiveViewEvents) {
    this.events = events;
    const made = (view: ArrayView, title: string, quantity: "phase" | "amplitude") =>
      new ImageView({
        title,
        quantity,
        unit: quantity === "phase" ? "rad" : "",
        onSettings: () => this.sendSettings(view),
      });
    this.views = {
      "object-phase": made("object-phase", "Object phase", "phase"),
      "object-amplitude": made("object-amplitude", "Object amplitude", "amplitude"),
      probe: made("probe", "Probe", "amplitude"),
    };
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
  begin({ canvasShape, probeModes, positionsPx }: Message<"started">, probeShape: readonly [number, number]): void {
    const points = fromIndices(positionsPx);
    this.root.hidden = false;
    this.result = null;
    this.losses = [[], []];
    this.loss.setData(this.losses);
    this.setModes(probeModes);
    const frame = frameOf(points, canvasShape, Math.max(...probeShape) / 3);
    for (const view of Object.keys(this.views) as ArrayView[]) {
      if (view === "probe") this.views[view].setLive(this.canvases.get(view)!, probeShape);
      else this.views[view].setLive(this.canvases.get(view)!, canvasShape, frame);
      this.sendSettings(view);
    }
    this.measured.setImage(null);
    this.modelled.setImage(null);
    this.setPoints(points);
  }

  hide(): void {
    this.root.hidden = true;
  }

  addProgress({ epoch, losses }: Message<"progress">): void {
    if (losses.length === 0) return;
    losses.forEach((loss, index) => {
      this.losses[0].push(epoch - losses.length + 1 + index);
      this.losses[1].push(loss > 0 ? loss : null); // nothing below zero on a log axis
    });
    this.loss.setData(this.losses);
  }

  setRange({ view, low, high, map, shape }: Message<"ranges">): void {
    if (view === "pattern" || this.result) return;
    this.views[view].setLiveShape(shape);
    if (map === "hue") this.views[view].setRange([-Math.PI, Math.PI], "hue");
    else this.views[view].setRange([low, high], map === "grey" ? "amplitude" : "phase");
  }

  setPattern({ measured, modelled, shape }: Message<"arrays">): void {
    const size = shape.slice(-2) as unknown as [number, number];
    this.measured.setImage(toLog({ shape: size, values: measured }));
    this.modelled.setImage(toLog({ shape: size, values: modelled }));
  }

  /** Takes the numbers of the result, so that lines can be drawn and files saved. */
  finish(result: FinishedResult): void {
    this.result = result;
    this.views["object-phase"].setImage(pickComponent(result.object, 0, "phase"));
    this.views["object-amplitude"].setImage(pickComponent(result.object, 0, "amplitude"));
    const [height, width] = result.probe.shape.slice(-2) as [number, number];
    this.setModes(result.probe.data.length / (2 * height * width));
    this.showProbe();
    const losses = [...result.loss].map((loss) => (loss > 0 ? loss : null));
    this.losses = [losses.map((_, index) => index + 1), losses];
    this.loss.setData(this.losses);
  }

  private setModes(count: number): void {
    const chosen = Math.min(Math.max(0, this.modeSelect.selectedIndex), count - 1);
    this.modeSelect.replaceChildren(
      ...Array.from({ length: count }, (_, mode) =>
        element("option", { value: mode, selected: mode === chosen }, `mode ${mode + 1}`),
      ),
    );
    this.modeSelect.hidden = count < 2;
  }

  private showProbe(): void {
    const part = this.partSelect.value as "amplitude" | "phase";
    if (!this.result) {
      this.sendSettings("probe");
      return;
    }
    const mode = Math.max(0, this.modeSelect.selectedIndex);
    const amplitude = pickComponent(this.result.probe, mode, "amplitude");
    if (part === "amplitude") this.views.probe.setImage(amplitude, "amplitude");
    // a phase means nothing where there is no light
    else
      this.views.probe.setImage(
        { ...pickComponent(this.result.probe, mode, "phase"), light: Float32Array.from(amplitude.values) },
        "hue",
      );
  }

  private addProbeTools(): void {
    for (const part of ["amplitude", "phase"]) this.partSelect.append(element("option", { value: part }, part));
    for (const select of [this.partSelect, this.modeSelect]) select.addEventListener("change", () => this.showProbe());
    this.modeSelect.hidden = true;
    this.views.probe.root.querySelector(".tools")!.append(this.partSelect, this.modeSelect);
  }

  private sendSettings(view: ArrayView): void {
    if (!this.canvases.has(view)) return;
    const { percentile, fullTurn, view: viewport } = this.views[view];
    const probe = view === "probe";
    this.events.setView(view, {
      quantity: probe
        ? (this.partSelect.value as "amplitude" | "phase")
        : view === "object-phase"
          ? "phase"
          : "amplitude",
      range: fullTurn ? [-Math.PI, Math.PI] : null,
      percentile: [percentile[0], percentile[1]],
      zoom: viewport.zoom,
      // the worker counts from the middle of pixel [0, 0], the page from its corner
      centrePx: [viewport.centrePx[0] - 0.5, viewport.centrePx[1] - 0.5],
      ...(probe ? { mode: Math.max(0, this.modeSelect.selectedIndex) } : {}),
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
