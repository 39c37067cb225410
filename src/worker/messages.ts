// What a page and its worker say to each other. Everything can be cloned; large arrays are transferred. Coordinates are
// (y, x), arrays C-ordered.

import type { AdapterFacts } from "../gpu/device.ts";
import type { ReconstructOptionsInput } from "../options.ts";
import type { PreviewMap } from "../preview/preview-image.ts";

/** Chosen by the page; answers carry it. That of a `start` is the run's. */
export type RequestId = number | string;

/** The pictures that a worker paints: measured beside modelled amplitude is `pattern`. */
export const previewViews = ["object-phase", "object-amplitude", "probe", "pattern"] as const;
export type PreviewView = (typeof previewViews)[number];

/** How a view is looked at. */
export interface ViewSettings {
  /** Of `probe`: phase = hue with the amplitude as brightness. The other views show what their name says. */
  readonly quantity: "phase" | "amplitude";
  /** Ends of the colour bar (rad, or as the values are); null = by percentile. */
  readonly range: readonly [low: number, high: number] | null;
  /** Percent, 0 ... 100. */
  readonly percentile: readonly [low: number, high: number];
  /** 1 = the whole image just fits. */
  readonly zoom: number;
  /** Image pixel in the middle of the canvas; null = the image's middle. */
  readonly centrePx: readonly [number, number] | null;
  /**
   * Probe mode (default the first), or number of the pattern (default the one nearest to the scan's middle; a new one is
   * shown with the next picture of a run).
   */
  readonly mode?: number | undefined;
  /** New size of the canvas, [height, width] in its own pixels; a transferred canvas cannot be resized by the page. */
  readonly sizePx?: readonly [number, number] | undefined;
}

export type ToWorker =
  | { readonly type: "open-device"; readonly id: RequestId }
  /**
   * The file becomes that of the next `start` and stops a run under way; one that is refused changes nothing. `options`:
   * how to read it (`data`) and the canvas; of a `start` they are given again.
   */
  | {
      readonly type: "inspect";
      readonly id: RequestId;
      readonly file: Blob;
      readonly name: string;
      readonly options?: Pick<ReconstructOptionsInput, "data" | "canvas"> | undefined;
    }
  | {
      readonly type: "start";
      readonly id: RequestId;
      readonly options: ReconstructOptionsInput;
      /** The inspection of the scan that is meant: refused with WORKER_SCAN when another scan is there; default any. */
      readonly scan?: RequestId | undefined;
      /** Epochs between pictures, default 1; 0 = none. */
      readonly previewEvery?: number | undefined;
      /** Go on where the run before was broken off by a lost device, if file and options are the same. */
      readonly resume?: boolean | undefined;
    }
  /** Between epochs. `stop` ends at the next minibatch. */
  | { readonly type: "pause" | "resume" | "stop"; readonly id: RequestId }
  | { readonly type: "attach-canvas"; readonly view: PreviewView; readonly canvas: OffscreenCanvas }
  | { readonly type: "view"; readonly view: PreviewView; readonly settings: ViewSettings }
  | { readonly type: "load-result"; readonly id: RequestId; readonly file: Blob; readonly name: string };

/** What was found in a scan. */
export interface DataCard {
  readonly name: string;
  readonly sizeBytes: number;
  /** Arrays of the file; dtype and shape are null where a header cannot be read. */
  readonly keys: readonly {
    readonly name: string;
    readonly dtype: string | null;
    readonly shape: readonly number[] | null;
  }[];
  readonly patterns: number;
  readonly heightPx: number;
  readonly widthPx: number;
  readonly quantity: "amplitude" | "intensity";
  /** False when neither the file nor the options say it: then a run needs `options.data.quantity`. */
  readonly quantityStated: boolean;
  /** In words: where the light lies on the detector. */
  readonly centring: string;
  /** Remarks, warnings first. */
  readonly notes: readonly string[];
  /** [position, 2] (y, x) in the file's object frame. */
  readonly positionsPx: Float32Array;
  /** [y, x] mean intensity, zero frequency at (h//2, w//2). */
  readonly meanPattern: Float32Array;
  /** 1 - mean step / probe diameter; null when all positions are one. */
  readonly overlap: number | null;
  readonly hasProbe: boolean;
  readonly hasTrueObject: boolean;
}

/** A complex array: re, im pairs. */
export interface ComplexData {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface FinishedResult {
  /** [slice, y, x] on the canvas. */
  readonly object: ComplexData;
  /** [mode, y, x]. */
  readonly probe: ComplexData;
  /** [epoch] of the finished epochs. */
  readonly loss: Float64Array;
  /** reconstruction.npz as the command line writes it. */
  readonly npz: Uint8Array;
  /** run.json: as a value (numbers that are not finite are text), and as the text of the file. */
  readonly run: Readonly<Record<string, unknown>>;
  readonly runText: string;
  readonly notes: readonly string[];
  /** Of the reconstruction, pauses included. */
  readonly seconds: number;
  readonly epochsCompleted: number;
  /** Where numbers went wrong; null unless the status is `diverged`. */
  readonly diagnosis: string | null;
}

/** A member of a result that was loaded. */
export interface LoadedMember {
  readonly name: string;
  /** NumPy's name. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** complex64 as re, im pairs; int64 as big integers; text as strings. */
  readonly data: ArrayBufferView | readonly string[];
}

/** Facts of an error as far as they are known. */
export interface FailureDetails {
  readonly field?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly remedy?: string;
  readonly source?: string;
}

export type RunPhase = "loading" | "compiling" | "running" | "paused";

export type FromWorker =
  | { readonly type: "device"; readonly id: RequestId; readonly facts: AdapterFacts; readonly line: string }
  | { readonly type: "dataset"; readonly id: RequestId; readonly card: DataCard }
  | {
      readonly type: "started";
      readonly id: RequestId;
      readonly canvasShape: readonly [rows: number, columns: number];
      readonly epochs: number;
      readonly probeModes: number;
      /** [position, 2] (y, x) on the canvas. */
      readonly positionsPx: Float32Array;
      /** (y, x) data coordinate of canvas pixel [0, 0]. */
      readonly canvasOriginPx: readonly [number, number];
    }
  | {
      readonly type: "progress";
      readonly id: RequestId;
      /** Epochs that are finished. */
      readonly epoch: number;
      readonly epochs: number;
      /** Of the last finished epoch; NaN before there is one. */
      readonly loss: number;
      /** Of the epochs since the message before, the last one is `loss`: messages may skip epochs. */
      readonly losses: readonly number[];
      readonly patternsPerSecond: number;
      /** NaN while nothing is known. */
      readonly etaSeconds: number;
      readonly phase: RunPhase;
    }
  | {
      readonly type: "ranges";
      readonly id: RequestId | null;
      readonly view: PreviewView;
      readonly low: number;
      readonly high: number;
      readonly map: PreviewMap;
      /** [rows, columns] of the image. */
      readonly shape: readonly [number, number];
    }
  | {
      readonly type: "arrays";
      readonly id: RequestId;
      readonly what: "pattern";
      /** Number of the pattern, and intensities [y, x] in the file's units. */
      readonly pattern: number;
      readonly measured: Float32Array;
      readonly modelled: Float32Array;
      readonly shape: readonly [number, number];
    }
  | {
      readonly type: "finished";
      readonly id: RequestId;
      readonly status: "finished" | "cancelled" | "diverged";
      readonly result: FinishedResult;
    }
  | {
      readonly type: "loaded-result";
      readonly id: RequestId;
      readonly name: string;
      readonly members: readonly LoadedMember[];
    }
  | {
      readonly type: "failed";
      /** Null when it belongs to no request. */
      readonly id: RequestId | null;
      readonly code: string;
      readonly message: string;
      readonly details: FailureDetails;
      /** True when another request may well succeed. */
      readonly recoverable: boolean;
    }
  /** The device is gone. A run goes on by itself once, on a new device. */
  | { readonly type: "device-lost"; readonly message: string };

/** Sends a message; `transfer` lists the buffers that move. */
export type Post = (message: FromWorker, transfer?: Transferable[]) => void;
