// Values along a line that the user drew, below its image.

import { createCurvePlot } from "./curve-plot.ts";
import { element } from "./dom.ts";
import type { LineSample } from "./scalar-image.ts";

export interface ProfilePlot {
  readonly root: HTMLElement;
  /** Shows a line, or nothing. */
  show(line: LineSample | null, unit: string): void;
}

export function createProfilePlot(): ProfilePlot {
  const root = element("div", { class: "profile", hidden: true });
  let plot: ReturnType<typeof createCurvePlot> | null = null;
  let shownUnit = "";
  return {
    root,
    show(line, unit) {
      root.hidden = line === null;
      if (!line) return;
      if (!plot || unit !== shownUnit) {
        shownUnit = unit;
        plot = createCurvePlot({
          heightPx: 120,
          xLabel: "distance / px",
          yLabel: unit || "value",
          curves: [["profile", "--accent"]],
        });
        root.replaceChildren(plot.root);
      }
      plot.setData([line.distancePx, line.values]);
    },
  };
}
