// Which options the page offers, what they are called and their units; bounds, defaults and descriptions are the core's.

import { reconstructOptionsSchema } from "ptycho-webgpu";
import { listOptions, type OptionFact } from "../../src/options-help.ts";

/** One option as the form shows it. */
export interface OptionField {
  readonly fact: OptionFact;
  readonly label: string;
  /** Empty for pure numbers. */
  readonly unit: string;
  readonly group: "main" | "reading" | "more";
}

interface Naming {
  readonly label: string;
  readonly unit?: string;
}

const mainNames: Readonly<Record<string, Naming>> = {
  epochs: { label: "Epochs", unit: "passes" },
  batchSize: { label: "Minibatch", unit: "patterns" },
  noiseModel: { label: "Noise model" },
  "probe.modes": { label: "Probe modes", unit: "modes" },
  "object.stepSize": { label: "Object step", unit: "× least squares" },
  "probe.stepSize": { label: "Probe step", unit: "× least squares" },
};

const readingNames: Readonly<Record<string, Naming>> = {
  "data.quantity": { label: "Values are" },
  "data.axisOrder": { label: "Axis order" },
  "data.patternOrientation": { label: "Turn patterns" },
  "data.swapPositions": { label: "Exchange x and y" },
  "data.flipPositionsY": { label: "Negate y" },
  "data.flipPositionsX": { label: "Negate x" },
  "data.maskNonfinite": { label: "Mask NaN pixels" },
  "data.clipNegative": { label: "Clip negative values" },
  "data.pixelSizeM": { label: "Object pixel size", unit: "m" },
  "data.firstPatterns": { label: "Only the first", unit: "patterns" },
  "data.lenientZip": { label: "Accept extra bytes" },
};

const units: Readonly<Record<string, string>> = {
  gaussianNoiseStd: "amplitude",
  excludeMeasuredPixelsBelow: "counts",
  photonsPerPattern: "photons",
  "canvas.extraPx": "px",
  "canvas.shapePx": "px, rows and columns",
  "canvas.originPx": "px, y and x",
  deviceMemoryBytes: "bytes",
  "data.memoryBudgetBytes": "bytes",
  "probe.power.target": "counts",
};

/** Nothing to choose in a page. */
const hidden = new Set(["algorithm"]);

/** Every option of the core in the order of its schema. */
export function listFields(): OptionField[] {
  return listOptions(reconstructOptionsSchema).flatMap((fact) => {
    const path = fact.path.join(".");
    if (hidden.has(path)) return [];
    const main = mainNames[path];
    const reading = readingNames[path];
    const naming: Naming = main ?? reading ?? { label: nameInWords(fact.path), unit: unitOf(path) };
    const group = main ? "main" : reading ? "reading" : "more";
    return [{ fact, label: naming.label, unit: naming.unit ?? "", group } as const];
  });
}

function unitOf(path: string): string {
  return units[path] ?? (/\.plan\.(start|stop|stride)$/.test(path) ? "epochs" : "");
}

/** ["probe", "orthogonalizeModes", "plan", "start"] as "Probe: orthogonalize modes: plan: start". */
function nameInWords(path: readonly string[]): string {
  const words = path.map((part) => part.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`)).join(": ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A default in words. */
export function describeDefault(value: unknown): string {
  if (value === null || value === undefined) return "auto";
  if (typeof value === "boolean") return value ? "on" : "off";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
