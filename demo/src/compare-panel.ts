// A previous result beside the current one: side by side, difference, Fourier ring correlation.

import type { ComparedPair, ComparedResults } from "./compare-results.ts";
import { describeCrossing, describePlace, describeShift } from "./compare-words.ts";
import { createCurvePlot } from "./curve-plot.ts";
import { element, factList, nextTask } from "./dom.ts";
import { formatNumber } from "./format.ts";
import { ImageView } from "./image-view.ts";

export interface ComparePanel {
  readonly root: HTMLElement;
  /** Makes the panel usable once there is a result to compare with; forgets a comparison with another one. */
  offer(offered: boolean): void;
}

export interface ComparePanelEvents {
  compare(previous: File): Promise<ComparedResults>;
  onError(error: unknown): void;
}

export function createComparePanel(events: ComparePanelEvents): ComparePanel {
  const pairs: { readonly previous: ImageView; readonly current: ImageView } = {
    previous: new ImageView({
      title: "Previous",
      quantity: "phase",
      unit: "",
      onRange: () => pairs.current.takeRange(pairs.previous),
    }),
    current: new ImageView({
      title: "Current, laid on it",
      quantity: "phase",
      unit: "",
      onRange: () => pairs.previous.takeRange(pairs.current),
    }),
  };
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
    element("div", { class: "grid" }, pairs.previous.root, pairs.current.root, difference.root, frcFigure),
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
  /** Counts files and results, so that what belongs to earlier ones is not shown. */
  let turn = 0;
  const show = async () => {
    if (!compared) return;
    const asked = turn;
    const quantity = part.value as "phase" | "amplitude";
    const pair: ComparedPair = compared[quantity];
    const unit = quantity === "phase" ? "rad" : "";
    shown.hidden = false;
    facts.replaceChildren(
      factList([
        ["File", compared.previousName],
        ["RMS difference", `${formatNumber(pair.rms)}${unit && ` ${unit}`}`],
        ["SSIM", pair.ssim === null ? "not defined" : formatNumber(pair.ssim)],
        ["FRC, half-bit", describeCrossing(pair.frc.halfBit)],
        ["Place", describePlace(compared.placedBy)],
        ["Shift", describeShift(compared.offsetPx, compared.atBound)],
        ["Area", `${compared.boxPx[0]} × ${compared.boxPx[1]} px`],
      ]),
    );
    const correlation = [...pair.frc.correlation].map((value) => (Number.isFinite(value) ? value : null));
    frc.setData([[...pair.frc.cyclesPerPx], correlation, [...pair.frc.halfBitThreshold]]);
    const together = { quantity, unit, rangeOver: [pair.previous, pair.current] };
    for (const draw of [
      () => pairs.previous.setImage(pair.previous, together),
      () => pairs.current.setImage(pair.current, together),
      () => difference.setImage(pair.difference, { quantity: "difference", unit }),
    ]) {
      await nextTask(); // one image at a time, so that the page is never held up
      if (asked !== turn || quantity !== part.value) return;
      draw();
    }
  };
  const forget = () => {
    turn++;
    compared = null;
    shown.hidden = true;
    facts.replaceChildren();
    frc.setData([[], [], []]);
    for (const view of [pairs.previous, pairs.current, difference]) view.setImage(null);
    root.removeAttribute("aria-busy");
  };
  part.addEventListener("change", () => void show());
  input.addEventListener("change", async () => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    const asked = ++turn;
    root.setAttribute("aria-busy", "true");
    try {
      const answer = await events.compare(file);
      if (asked !== turn) return;
      compared = answer;
      await show();
    } catch (error) {
      if (asked === turn) events.onError(error);
    }
    if (asked === turn) root.removeAttribute("aria-busy");
  });
  return {
    root,
    offer(offered) {
      root.hidden = !offered;
      forget();
    },
  };
}
