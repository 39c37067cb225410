// The picture of a comparison: truth and results side by side, their differences, the figures, the ring correlations.

import type { ComparedObjects, ObjectComparison } from "../compare/compare-objects.ts";
import type { FrcCrossing } from "../compare/frc.ts";
import type { Component, ComponentMetrics } from "../compare/measure-images.ts";
import type { RealImage } from "../compare/real-image.ts";
import { divergingMap, greyMap } from "./colour-maps.ts";
import { percentilesOf } from "./field.ts";
import { measureText } from "./font.ts";
import { createFrcBlock } from "./frc-plot.ts";
import { createPanelBlock, type Panel } from "./panel.ts";
import { phaseScale } from "./render-reconstruction.ts";
import { chooseScaleBar } from "./scale-bar.ts";
import { type Block, renderSheet, TITLE_SCALE } from "./sheet.ts";
import { createTextBlock } from "./text-block.ts";

export interface ComparisonPictureOptions {
  /** One per result, in their order. */
  readonly models: readonly string[];
  readonly title?: string;
  /** Object pixel size in metres for scale bars; null = in pixels. */
  readonly pixelSizeM?: number | null;
}

const TARGET_PX = 380;
const LARGEST_PX = 1200;
/** The heading is one line; the record has the whole reason. */
const refusalWords = { NOT_FINITE: "NaN", FLAT: "flat", SCALE: "scale" } as const;
const LABEL_CHARACTERS = 10;
const CELL_CHARACTERS = 14;
const PLOT_HEIGHT_PX = 170;
const PERCENTILES = [0.005, 0.995] as const;

interface Scored {
  readonly model: string;
  readonly result: ObjectComparison & {
    readonly metrics: NonNullable<ObjectComparison["metrics"]>;
    readonly images: NonNullable<ObjectComparison["images"]>;
  };
}

/**
 * PNG of a comparison: for phase (cyclic colours) and amplitude (grey) a row of truth and results, all in one scale, and
 * a row of figures and differences result - truth, all in one scale; then the Fourier ring correlations. Null when no
 * result was scored.
 */
export function renderComparison(compared: ComparedObjects, options: ComparisonPictureOptions): Uint8Array | null {
  const scored = compared.results.flatMap((result, index): Scored[] =>
    result.metrics && result.images
      ? [{ model: options.models[index]!, result: { ...result, metrics: result.metrics, images: result.images } }]
      : [],
  );
  if (scored.length === 0) return null;
  const { box } = compared.region;
  const rows = [
    ...createComponentRows("phase", scored, options),
    ...createComponentRows("amplitude", scored, options),
    (["phase", "amplitude"] as const).map((component) => createFrcPlot(component, scored)),
  ];
  const frame = `data rows ${box.top} ... ${box.top + box.heightPx - 1}, columns ${box.left} ... ${box.left + box.widthPx - 1}`;
  const refused = compared.results.flatMap(({ refused }, index) =>
    refused ? [`${options.models[index]}: not scored, ${refusalWords[refused.code]}`] : [],
  );
  return renderSheet([...(options.title ? [options.title] : []), frame, ...refused], rows);
}

function createComponentRows(component: Component, scored: readonly Scored[], options: ComparisonPictureOptions) {
  const truth = reduce(truthOf(component, scored[0]!));
  const found = scored.map((one) => reduce(foundOf(component, one)));
  const { heightPx, widthPx } = truth;
  const magnification = Math.max(1, Math.floor(TARGET_PX / Math.max(heightPx, widthPx)));
  const fullWidthPx = scored[0]!.result.images.truthPhase.widthPx;
  const bar = chooseScaleBar(fullWidthPx, options.pixelSizeM ?? null);
  const common = {
    heightPx,
    widthPx,
    magnification,
    scaleBar: bar && { ...bar, lengthPx: (bar.lengthPx * widthPx) / fullWidthPx },
    outline: null,
  };
  const pictured = component === "phase" ? phaseScale : greyScale([truth, ...found]);
  const differences = found.map(({ values }) => values.map((value, i) => value - truth.values[i]!));
  const reach = Math.max(...differences.map((values) => percentilesOf(values.map(Math.abs), [0.995])[0]!)) || 1;
  const unit = component === "phase" ? "radians" : "scaled to the truth";
  const images: Panel[] = [
    {
      ...common,
      ...pictured,
      title: `true ${component}`,
      caption: [component === "phase" ? "radians, mean phase removed" : "as in the file"],
      values: truth.values,
    },
    ...scored.map(({ model }, index) => ({
      ...common,
      ...pictured,
      title: model,
      caption: [component === "phase" ? "radians, constant and ramp removed" : unit],
      values: found[index]!.values,
    })),
  ];
  const deviations: Panel[] = scored.map(({ model }, index) => ({
    ...common,
    ...divergingScale(reach),
    title: `${model} - truth`,
    caption: [`${unit}; all differences in this scale`],
    values: differences[index]!,
  }));
  const blocks = images.map(createPanelBlock);
  const tablePx = measureText(" ".repeat(LABEL_CHARACTERS + CELL_CHARACTERS * scored.length), TITLE_SCALE);
  const columnPx = Math.max(tablePx, ...blocks.map((block) => block.widthPx));
  return [
    blocks.map((block) => widen(block, columnPx)),
    [createTable(component, scored, columnPx), ...deviations.map((panel) => widen(createPanelBlock(panel), columnPx))],
  ];
}

function createTable(component: Component, scored: readonly Scored[], widthPx: number): Block {
  const metricsOf = ({ result }: Scored) => result.metrics[component];
  const line = (
    name: string,
    pick: (metrics: ComponentMetrics, one: Scored) => number | string | null,
    digits: number,
  ) =>
    name.padEnd(LABEL_CHARACTERS) +
    scored.map((one) => formatFigure(pick(metricsOf(one), one), digits).padStart(CELL_CHARACTERS)).join("");
  const lines = [
    " ".repeat(LABEL_CHARACTERS) +
      scored.map(({ model }) => shorten(model, CELL_CHARACTERS - 1).padStart(CELL_CHARACTERS)).join(""),
    line("MAE", ({ mae }) => mae, 5),
    line("MSE", ({ mse }) => mse, 6),
    line("PSNR dB", ({ psnr }) => psnr, 2),
    line("SSIM", ({ ssim }) => ssim, 4),
    line("MS-SSIM", ({ msSsim }) => msSsim, 4),
    line("standard", ({ msSsimStandard }) => msSsimStandard, 4),
    line("FRC 1/2bit", ({ frc }) => describeCrossing(frc.halfBit), 2),
    line("FRC 1/7", ({ frc }) => describeCrossing(frc.oneSeventh), 2),
    line("shift y", (_, { result }) => result.alignment!.offsetPx[0], 2),
    line("shift x", (_, { result }) => result.alignment!.offsetPx[1], 2),
    ...(component === "amplitude" ? [line("scale", (_, { result }) => result.alignment!.removed.scale, 4)] : []),
  ];
  const peak = metricsOf(scored[0]!).psnrPeak;
  const notes = [
    `PSNR in dB, peak ${formatFigure(peak, 4)}, the truth's range`,
    "MS-SSIM: the study's definition; standard: Wang 2003's",
    "FRC: full period at the threshold, shifts: in pixels",
  ];
  const levels = metricsOf(scored[0]!);
  if (Math.min(levels.msSsimLevels, levels.msSsimStandardLevels) < 5) {
    notes.push(`scales that fit, of 5: ${levels.msSsimLevels} and ${levels.msSsimStandardLevels}`);
  }
  return createTextBlock(`${component} against truth`, lines, notes, widthPx);
}

function createFrcPlot(component: Component, scored: readonly Scored[]): Block {
  const series = scored.map(({ model, result }) => ({ name: model, curve: result.metrics[component].frc }));
  return createFrcBlock(`${component} FRC`, series, TARGET_PX, PLOT_HEIGHT_PX);
}

function truthOf(component: Component, { result }: Scored): RealImage {
  return component === "phase" ? result.images.truthPhase : result.images.truthAmplitude;
}

function foundOf(component: Component, { result }: Scored): RealImage {
  return component === "phase" ? result.images.foundPhase : result.images.foundAmplitude;
}

/** Means over blocks until the longer side fits; phases have their mean removed, so few lie at the wrap. */
function reduce(image: RealImage): RealImage {
  const factor = Math.ceil(Math.max(image.heightPx, image.widthPx) / LARGEST_PX);
  if (factor === 1) return image;
  const [heightPx, widthPx] = [Math.floor(image.heightPx / factor), Math.floor(image.widthPx / factor)];
  const values = new Float64Array(heightPx * widthPx);
  for (let y = 0; y < heightPx * factor; y++) {
    for (let x = 0; x < widthPx * factor; x++) {
      values[Math.floor(y / factor) * widthPx + Math.floor(x / factor)]! +=
        image.values[y * image.widthPx + x]! / (factor * factor);
    }
  }
  return { heightPx, widthPx, values };
}

function greyScale(images: readonly RealImage[]): Pick<Panel, "map" | "range" | "ticks"> {
  const ranges = images.map(({ values }) => percentilesOf(values, PERCENTILES));
  const range = [Math.min(...ranges.map(([low]) => low!)), Math.max(...ranges.map(([, high]) => high!))] as const;
  return { map: greyMap, range, ticks: markThree(range) };
}

function divergingScale(reach: number): Pick<Panel, "map" | "range" | "ticks"> {
  const range = [-reach, reach] as const;
  return { map: divergingMap, range, ticks: markThree(range) };
}

function markThree(range: readonly [number, number]): Panel["ticks"] {
  return [range[0], (range[0] + range[1]) / 2, range[1]].map((value) => ({ value, label: value.toPrecision(2) }));
}

function widen(block: Block, widthPx: number): Block {
  return { ...block, widthPx };
}

function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}.`;
}

/** Full period, or what stands for one that the pixels cannot show. */
function describeCrossing({ state, resolutionPx }: FrcCrossing): number | string | null {
  return state === "never" ? "< 2" : resolutionPx;
}

function formatFigure(value: number | string | null, digits: number): string {
  if (typeof value === "string") return value;
  if (value === null) return "-";
  return Number.isFinite(value) ? value.toFixed(digits) : "inf";
}
