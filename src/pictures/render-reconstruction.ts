// The picture of a result: object and every probe mode, amplitude in grey and phase in cyclic colours.

import { createScanBox, type PixelBox } from "../compare/pixel-box.ts";
import type { ReconstructResult } from "../engine/result.ts";
import { cyclicMap, greyMap } from "./colour-maps.ts";
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
import { type Block, breakRows, measureRow, renderSheet } from "./sheet.ts";

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
  const last = rows.at(-1)!;
  const block = createLossBlock(loss, 240, 180);
  if (measureRow([...last, block]) <= widthPx) last.push(block);
  else rows.push([block]);
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
    return createObjectPanels(name, field, scan, shown, outline, result.canvasOriginPx, pixelSizeM);
  });
}

function createObjectPanels(
  name: string,
  field: Field,
  scan: PixelBox,
  shown: PixelBox,
  outline: PixelBox,
  originPx: readonly [number, number],
  pixelSizeM: number | null,
): Panel[] {
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
  const columns = span(originPx[1] + shown.left, shown.widthPx);
  const frame = `data rows ${span(originPx[0] + shown.top, shown.heightPx)}, columns ${columns}`;
  return [
    {
      ...common,
      ...amplitudeScale(low, high),
      title: `${name} amplitude`,
      caption: ["black and white: 0.5 and 99.5 % of the outlined scan", frame],
      values: amplitudesOf(drawn),
    },
    {
      ...common,
      ...phaseScale,
      title: `${name} phase`,
      caption: ["radians, mean phase of the outlined scan removed", frame],
      values: phasesOf(drawn, meanPhaseOf(scanned)),
    },
  ];
}

function createProbePanels(result: PicturedResult, pixelSizeM: number | null): Panel[] {
  const [oprModes, modes] = result.probe.shape as [number, number, number, number];
  const fields = Array.from({ length: oprModes * modes }, (_, i) => pickField(result.probe, i));
  const powers = fields.map(({ data }) => data.reduce((sum, value) => sum + value * value, 0));
  return fields.flatMap((field, i) => {
    const opr = Math.floor(i / modes);
    const total = powers.slice(opr * modes, (opr + 1) * modes).reduce((sum, power) => sum + power, 0);
    const share = total > 0 ? (100 * powers[i]!) / total : 0;
    const name = `${oprModes > 1 ? `OPR ${opr}` : "probe"}${modes > 1 ? ` mode ${(i % modes) + 1}` : ""}`;
    const amplitudes = amplitudesOf(field);
    const peak = percentilesOf(amplitudes, [1])[0]!;
    const common = {
      heightPx: field.heightPx,
      widthPx: field.widthPx,
      magnification: chooseMagnification(field, fields.length > 1 ? 192 : 320),
      scaleBar: chooseScaleBar(field.widthPx, pixelSizeM),
      outline: null,
    };
    const phases = phasesOf(field).map((phase, k) => (amplitudes[k]! < FAINT_SHARE * peak ? Number.NaN : phase));
    return [
      {
        ...common,
        ...amplitudeScale(0, peak),
        title: name,
        caption: [modes > 1 ? `amplitude; ${share.toFixed(1)} % of the power` : "amplitude"],
        values: amplitudes,
      },
      {
        ...common,
        ...phaseScale,
        title: `${name} phase`,
        caption: ["radians", `grey: amplitude < ${100 * FAINT_SHARE} % of peak`],
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
