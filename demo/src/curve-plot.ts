// Curves with uPlot in the page's colours; a plot is as wide as what holds it.

import uPlot from "uplot";
import { element } from "./dom.ts";
import { formatTick } from "./format.ts";

export interface CurvePlotOptions {
  readonly heightPx: number;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logarithmic?: boolean;
  /** Values of x between which there is nothing, such as epochs. */
  readonly wholeX?: boolean;
  /** Name and CSS variable of the colour of each curve. */
  readonly curves: readonly (readonly [name: string, colour: string, dashed?: boolean])[];
  /** Ends of the y axis; by the data when left out. */
  readonly yRange?: readonly [number, number];
}

export interface CurvePlot {
  readonly root: HTMLElement;
  setData(data: readonly [readonly number[], ...(readonly (number | null)[])[]]): void;
}

export function createCurvePlot(options: CurvePlotOptions): CurvePlot {
  const root = element("div", { class: "plot" });
  let plot: uPlot | null = null;
  let data: uPlot.AlignedData = [[], ...options.curves.map(() => [])] as unknown as uPlot.AlignedData;

  const build = () => {
    plot?.destroy();
    plot = null; // one that is hidden now is built when it is seen, in the colours of then
    const width = root.clientWidth;
    if (width > 0) plot = new uPlot(describePlot(options, width, getComputedStyle(root)), data, root);
  };
  new ResizeObserver(() => {
    if (!plot) build();
    else if (root.clientWidth > 0 && plot.width !== root.clientWidth) {
      plot.setSize({ width: root.clientWidth, height: options.heightPx });
    }
  }).observe(root);
  document.addEventListener("themechange", build); // strokes are colours, not variables
  return {
    root,
    setData(next) {
      data = next as unknown as uPlot.AlignedData;
      if (plot) plot.setData(data);
      else build();
    },
  };
}

const wholeSteps = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

function describePlot(options: CurvePlotOptions, width: number, style: CSSStyleDeclaration): uPlot.Options {
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = (label: string, size: number): uPlot.Axis => ({
    label,
    labelSize: 18,
    labelGap: 0,
    size,
    font: "12px system-ui",
    labelFont: "12px system-ui",
    stroke: colour("--text"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1, size: 4 },
  });
  const logarithmic = options.logarithmic ?? false;
  return {
    width,
    height: options.heightPx,
    padding: [8, 12, 0, 0],
    legend: { show: options.curves.length > 1, live: false },
    cursor: { drag: { x: false, y: false } },
    scales: {
      x: { time: false },
      y: {
        distr: logarithmic ? 3 : 1,
        ...(options.yRange ? { range: () => [...options.yRange!] as [number, number] } : {}),
      },
    },
    axes: [
      { ...axis(options.xLabel, 28), ...(options.wholeX ? { incrs: wholeSteps } : {}) },
      {
        ...axis(options.yLabel, 46),
        values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : formatTick(tick))),
      },
    ],
    series: [
      { label: options.xLabel },
      ...options.curves.map(([label, variable, dashed]) => ({
        label,
        stroke: colour(variable),
        width: 1.5,
        points: { show: (_plot: uPlot, _series: number, first: number, last: number) => last - first < 2 }, // a line of one point is none
        ...(dashed ? { dash: [5, 4] } : {}),
      })),
    ],
  };
}
