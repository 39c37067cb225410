// A previous result beside the current one: side by side, difference, Fourier ring correlation.

import type { ComparedPair, ComparedResults } from "./analysis.ts";
import { createCurvePlot } from "./curve-plot.ts";
import { element, factList } from "./dom.ts";
import { formatNumber } from "./format.ts";
import { ImageView } from "./image-view.ts";

export interface ComparePanel {
  readonly root: HTMLElement;
  /** Makes the panel usable once there is a result to compare with. */
  offer(offered: boolean): void;
}

export interface ComparePanelEvents {
  compare(previous: File): Promise<ComparedResults>;
  onError(error: unknown): void;
}

export function createComparePanel(events: ComparePanelEvents): ComparePanel {
  const previous = new ImageView({ title: "Previous", quantity: "phase", unit: "" });
  const current = new ImageView({ title: "Current, laid on it", quantity: "phase", unit: "" });
  const difference = new ImageView({ title: "Current − previous", quantity: "difference", unit: "" });
  const frc = createCurvePlot({
    heightPx: 220,
    xLabel: "cycles / px",
    yLabel: "correlation",
    yRange: [-0.1, 1.05],
    curves: [
      ["FRC", "--accent"],
      ["half-bit threshold", "--text", true],
    ],
  });
  const part = element("select", { "aria-label": "What is compared" });
  for (const name of ["phase", "amplitude"]) part.append(element("option", { value: name }, name));
  const facts = element("div", {});
  const input = element("input", { type: "file", id: "result-file", accept: ".npz", class: "visually-hidden" });
  const label = element("label", { for: "result-file", class: "choose" }, "Load a previous result");
  const frcFigure = element(
    "figure",
    { class: "view wide" },
    element("figcaption", {}, "Fourier ring correlation"),
    frc.root,
  );
  const shown = element(
    "div",
    { hidden: true },
    element("div", { class: "buttons" }, part),
    facts,
    element("div", { class: "grid" }, previous.root, current.root, difference.root, frcFigure),
  );
  const root = element(
    "section",
    { class: "panel compare", hidden: true, "aria-label": "Comparison" },
    element("h2", {}, "Compare"),
    element("p", {}, "A reconstruction.npz of an earlier run, of this page or of the command line."),
    element("div", { class: "buttons" }, input, label),
    shown,
  );
  let compared: ComparedResults | null = null;
  const show = () => {
    if (!compared) return;
    const quantity = part.value as "phase" | "amplitude";
    const pair: ComparedPair = compared[quantity];
    shown.hidden = false;
    previous.setImage(pair.previous, quantity);
    current.setImage(pair.current, quantity);
    difference.setImage(pair.difference, "difference");
    const correlation = [...pair.frc.correlation].map((value) => (Number.isFinite(value) ? value : null));
    frc.setData([[...pair.frc.cyclesPerPx], correlation, [...pair.frc.halfBitThreshold]]);
    facts.replaceChildren(
      factList([
        ["RMS difference", `${formatNumber(pair.rms)}${quantity === "phase" ? " rad" : ""}`],
        ["SSIM", pair.ssim === null ? "not defined" : formatNumber(pair.ssim)],
        ["FRC, half-bit", pair.frc.halfBitPx === null ? "no crossing" : `${formatNumber(pair.frc.halfBitPx)} px`],
        ["Shift", `${compared.offsetPx.map(formatNumber).join(", ")} px (y, x)`],
        ["Area", `${compared.boxPx[0]} × ${compared.boxPx[1]} px`],
      ]),
    );
  };
  part.addEventListener("change", show);
  input.addEventListener("change", async () => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    root.setAttribute("aria-busy", "true");
    try {
      compared = await events.compare(file);
      show();
    } catch (error) {
      events.onError(error);
    }
    root.removeAttribute("aria-busy");
  });
  return {
    root,
    offer(offered) {
      root.hidden = !offered;
      if (!offered) shown.hidden = true;
    },
  };
}
