// The picture of a result: object and every probe mode, amplitude in grey and phase in cyclic colours.

import { createScanBox, type PixelBox } from "../compare/pixel-box.ts";
import type { ReconstructResult } from "../engine/result.ts";
import { cyclicMap, greyMap, risingMap } from "./colour-maps.ts";
import {
  amplitudesOf,
  cropField,
  type Field,
  growBox,
  meanPhaseOf,
  percentilesOf,
  phasesOf,
  pickField,
  reduceField,
} from "./field.ts";
import { createLossBlock } from "./loss-plot.ts";
import { createPanelBlock, type Panel } from "./panel.ts";
import { chooseScaleBar } from "./scale-bar.ts";
import { BLOCK_GAP_PX, type Block, breakRows, measureRow, renderSheet } from "./sheet.ts";

/** Parts of a result that are drawn. */
export type PicturedResult = Pick<
  ReconstructResult,
  "object" | "probe" | "positionsPx" | "canvasOriginPx" | "status" | "epochsCompleted" | "loss"
>;

/** How a result is drawn. */
export interface PictureOptions {
  /** First line, e.g. the scan's name. */
  readonly title?: string;
  /** Object pixel size in metres for scale bars; null = scale bars in pixels. */
  readonly pixelSizeM?: number | null;
  /** The scanned area and a margin (default), or the whole canvas with the scanned area outlined. */
  readonly view?: "scan" | "canvas";
}

/** Shares of the scanned area's amplitudes that are drawn black and white. */
const PERCENTILES = [0.005, 0.995] as const;
const OBJECT_TARGET_PX = 560;
const OBJECT_LARGEST_PX = 1600;
const FAINT_SHARE = 0.02;
/** A mode with less of the power than this is rounding. */
const DARK_SHARE = 1e-10;
const LOSS_PLOT_PX = { narrowest: 160, usual: 240, widest: 640, height: 180 };

/**
 * PNG of a result: object amplitude and phase of every slice, then amplitude and phase of every probe mode, and
 * the loss. Row 0 is at the top. The mean phase of the scanned area is removed for display; nothing else is.
 */
export function renderReconstruction(result: PicturedResult, options: PictureOptions = {}): Uint8Array {
  const pixelSizeM = options.pixelSizeM ?? null;
  const rows = createObjectRows(result, options.view ?? "scan", pixelSizeM).map((row) => row.map(createPanelBlock));
  const widthPx = Math.max(...rows.map(measureRow));
  rows.push(...breakRows(createProbePanels(result, pixelSizeM).map(createPanelBlock), 2, widthPx));
  placeLoss(rows, result.loss, widthPx);
  return renderSheet(describeResult(result, options, pixelSizeM), rows);
}

/** The loss curve goes where the last row leaves room, else into a row of its own. */
function placeLoss(rows: Block[][], loss: Float64Array, widthPx: number): void {
  if (loss.length < 2) return;
  const { narrowest, usual, widest, height } = LOSS_PLOT_PX;
  const last = rows.at(-1)!;
  const labelsPx = createLossBlock(loss, 0, height).widthPx;
  const roomPx = widthPx - measureRow(last) - BLOCK_GAP_PX - labelsPx;
  if (roomPx >= narrowest) last.push(createLossBlock(loss, Math.min(usual, roomPx), height));
  else rows.push([createLossBlock(loss, Math.min(widest, widthPx - labelsPx), height)]);
}

function describeResult(result: PicturedResult, options: PictureOptions, pixelSizeM: number | null): string[] {
  const loss = result.loss.at(-1);
  const facts = [
    `${result.epochsCompleted} epochs`,
    ...(loss === undefined ? [] : [`loss ${loss.toPrecision(4)}`]),
    ...(pixelSizeM === null ? [] : [`pixel ${Number((pixelSizeM * 1e9).toPrecision(4))} nm`]),
    ...(result.status === "diverged" ? ["diverged: the last good epoch is shown"] : []),
    ...(result.status === "cancelled" ? ["cancelled"] : []),
  ];
  return [...(options.title ? [options.title] : []), facts.join(", ")];
}

function createObjectRows(result: PicturedResult, view: "scan" | "canvas", pixelSizeM: number | null): Panel[][] {
  const [slices, heightPx, widthPx] = result.object.shape as [number, number, number];
  const scan = growBox(createScanBox(result.positionsPx), 0, heightPx, widthPx);
  const probePx = Math.max(...result.probe.shape.slice(-2));
  const all = { top: 0, left: 0, heightPx, widthPx };
  const shown = view === "canvas" ? all : growBox(scan, probePx >> 2, heightPx, widthPx);
  const outline = { ...scan, top: scan.top - shown.top, left: scan.left - shown.left };
  return Array.from({ length: slices }, (_, slice) => {
    const field = pickField(result.object, slice);
    const name = slices === 1 ? "object" : `object slice ${slice + 1} of ${slices}`;
    const place = `${view === "canvas" ? "whole canvas" : "scan and a margin"}, scan dashed`;
    return createObjectPanels(name, field, { scan, shown, outline, place }, result.canvasOriginPx, pixelSizeM);
  });
}

function createObjectPanels(
  name: string,
  field: Field,
  boxes: { readonly scan: PixelBox; readonly shown: PixelBox; readonly outline: PixelBox; readonly place: string },
  originPx: readonly [number, number],
  pixelSizeM: number | null,
): Panel[] {
  const { scan, shown, outline, place } = boxes;
  const reduction = Math.ceil(Math.max(shown.heightPx, shown.widthPx) / OBJECT_LARGEST_PX);
  const drawn = reduceField(cropField(field, shown), reduction);
  const scanned = cropField(field, scan);
  const [low, high] = percentilesOf(amplitudesOf(scanned), PERCENTILES) as [number, number];
  const bar = chooseScaleBar(shown.widthPx, pixelSizeM);
  const common = {
    heightPx: drawn.heightPx,
    widthPx: drawn.widthPx,
    magnification: chooseMagnification(drawn, OBJECT_TARGET_PX),
    scaleBar: bar && { ...bar, lengthPx: bar.lengthPx / reduction },
    outline: scaleBox(outline, reduction),
  };
  const [y, x] = [span(originPx[0] + shown.top, shown.heightPx), span(originPx[1] + shown.left, shown.widthPx)];
  const frame = `${place}: data y ${y}, x ${x} px`;
  const phase = fitPhaseScale(phasesOf(scanned, meanPhaseOf(scanned)));
  return [
    {
      ...common,
      ...amplitudeScale(low, high),
      title: `${name} amplitude`,
      caption: ["black and white: 0.5 and 99.5 % of the scan", frame],
      values: amplitudesOf(drawn),
    },
    {
      ...common,
      ...phase.scale,
      title: `${name} phase`,
      caption: [`radians, mean phase of the scan removed; ${phase.caption}`, frame],
      values: phasesOf(drawn, meanPhaseOf(scanned)),
    },
  ];
}

function createProbePanels(result: PicturedResult, pixelSizeM: number | null): Panel[] {
  const [oprModes, modes] = result.probe.shape as [number, number, number, number];
  const fields = Array.from({ length: oprModes * modes }, (_, i) => pickField(result.probe, i));
  const powers = fields.map(({ data }) => data.reduce((sum, value) => sum + value * value, 0));
  return fields.flatMap((field, i) => {
    const first = i - (i % modes);
    const total = powers.slice(first, first + modes).reduce((sum, power) => sum + power, 0);
    const share = total > 0 ? powers[i]! / total : 0;
    const dark = !(share > DARK_SHARE);
    const opr = oprModes > 1 ? `OPR ${Math.floor(i / modes)} ` : "";
    const name = modes > 1 ? `${opr}mode ${(i % modes) + 1}` : `${opr}probe`;
    const amplitudes = amplitudesOf(field).map((amplitude) => (dark ? Number.NaN : amplitude));
    const peak = percentilesOf(amplitudes, [1])[0]!;
    const common = {
      heightPx: field.heightPx,
      widthPx: field.widthPx,
      magnification: chooseMagnification(field, fields.length > 1 ? 192 : 320),
      scaleBar: chooseScaleBar(field.widthPx, pixelSizeM),
      outline: null,
    };
    const phases = phasesOf(field).map((phase, k) => (amplitudes[k]! >= FAINT_SHARE * peak ? phase : Number.NaN));
    const power = dark ? "no power" : `${(100 * share).toFixed(1)} % of the power`;
    return [
      {
        ...common,
        ...amplitudeScale(0, peak),
        title: `${name} amplitude`,
        caption: modes > 1 ? [power] : [],
        values: amplitudes,
      },
      {
        ...common,
        ...phaseScale,
        title: `${name} phase`,
        caption: ["radians", dark ? "grey: no power" : `grey: amplitude < ${100 * FAINT_SHARE} % of peak`],
        values: phases,
      },
    ];
  });
}

/** Colours and marks of a phase. */
export const phaseScale = {
  map: cyclicMap,
  range: [-Math.PI, Math.PI],
  ticks: [
    { value: Math.PI, label: "π" },
    { value: Math.PI / 2, label: "π/2" },
    { value: 0, label: "0" },
    { value: -Math.PI / 2, label: "-π/2" },
    { value: -Math.PI, label: "-π" },
  ],
} as const;

/** All colours for a whole turn; the rising half of them where the phases span less than half a turn. */
function fitPhaseScale(phases: Float64Array): { scale: Pick<Panel, "map" | "range" | "ticks">; caption: string } {
  const [low, high] = percentilesOf(phases, PERCENTILES) as [number, number];
  const spanRad = high - low;
  if (!(spanRad > 1e-6 && spanRad < Math.PI)) return { scale: phaseScale, caption: "cyclic colours" };
  const digits = Math.max(2, 1 - Math.floor(Math.log10(spanRad)));
  const ticks = [low, (low + high) / 2, high].map((value) => ({ value, label: value.toFixed(digits) }));
  return { scale: { map: risingMap, range: [low, high], ticks }, caption: "colours: 0.5 to 99.5 % of the scan" };
}

function amplitudeScale(low: number, high: number): Pick<Panel, "map" | "range" | "ticks"> {
  const marks = high > low ? [low, (low + high) / 2, high] : [low];
  return { map: greyMap, range: [low, high], ticks: marks.map((value) => ({ value, label: value.toPrecision(3) })) };
}

function chooseMagnification(field: Field, targetPx: number): number {
  return Math.max(1, Math.floor(targetPx / Math.max(field.heightPx, field.widthPx)));
}

function scaleBox(box: PixelBox, reduction: number): PixelBox {
  return {
    top: Math.floor(box.top / reduction),
    left: Math.floor(box.left / reduction),
    heightPx: Math.max(1, Math.floor(box.heightPx / reduction)),
    widthPx: Math.max(1, Math.floor(box.widthPx / reduction)),
  };
}

function span(first: number, count: number): string {
  return `${first} ... ${first + count - 1}`;
}
