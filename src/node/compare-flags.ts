// Flags that both compare commands share.

import { COMPARE_DEFAULTS, type CompareOptions } from "../compare/compare-objects.ts";
import { OptionsError } from "../errors.ts";
import type { CommandFlag, ParsedLine } from "./flags.ts";

export const compareFlags = {
  "register-px": {
    kind: "value",
    value: "PX",
    help: `largest shift that registration may find, per axis; 0 = by the canvas origin alone [${COMPARE_DEFAULTS.registerWithinPx}]`,
  },
  "trim-px": {
    kind: "value",
    value: "PX",
    help: `cut off the scanned box at every edge [${COMPARE_DEFAULTS.trimPx}]`,
  },
  region: {
    kind: "value",
    value: "box|illuminated",
    help: `pixel by pixel errors over the scanned box, or its illuminated pixels alone; SSIM and FRC take the box [${COMPARE_DEFAULTS.region}]`,
  },
  "scale-bound": {
    kind: "value",
    value: "N",
    help: `refuse results whose amplitude needs a factor outside 1/N ... N [${COMPARE_DEFAULTS.scaleBound}]`,
  },
  "canvas-rule": {
    kind: "value",
    value: "ptychi|ptychi-before-2.1",
    help: "place canvases without a recorded origin by pty-chi's mapping of positions centred on their mean [centred, then registered]",
  },
  "first-patterns": {
    kind: "value",
    value: "N",
    help: "results that do not say what they used took the first N patterns [all]",
  },
  "truth-key": { kind: "value", value: "NAME", help: "member that holds the truth [truth_object, else objectGuess]" },
  model: { kind: "value", value: "NAME", help: "name of the result in tables [by its algorithm]" },
} as const satisfies Record<string, CommandFlag>;

/** Options from the shared flags. Throws OptionsError (exit 2) for a bad value. */
export function readCompareOptions(command: ParsedLine["command"]): CompareOptions {
  const number = (name: keyof typeof compareFlags, expected: string, accept: (value: number) => boolean) => {
    const text = command[name];
    if (typeof text !== "string") return null;
    const value = Number(text);
    if (text.trim() !== "" && accept(value)) return value;
    throw wrongValue(name, expected, text);
  };
  const word = <T extends string>(name: keyof typeof compareFlags, words: readonly T[]): T | null => {
    const text = command[name];
    if (typeof text !== "string") return null;
    const found = words.find((candidate) => candidate === text);
    if (found !== undefined) return found;
    throw wrongValue(name, words.join(" or "), text);
  };
  const whole = (low: number, high: number) => (value: number) =>
    Number.isInteger(value) && value >= low && value <= high;
  return {
    ...COMPARE_DEFAULTS,
    registerWithinPx:
      number("register-px", "0 ... 64", (value) => value >= 0 && value <= 64) ?? COMPARE_DEFAULTS.registerWithinPx,
    trimPx: number("trim-px", "a whole number from 0", whole(0, 65536)) ?? COMPARE_DEFAULTS.trimPx,
    region: word("region", ["box", "illuminated"]) ?? COMPARE_DEFAULTS.region,
    scaleBound:
      number("scale-bound", "a number above 1", (value) => value > 1 && value < Number.POSITIVE_INFINITY) ??
      COMPARE_DEFAULTS.scaleBound,
    canvasRule: word("canvas-rule", ["ptychi", "ptychi-before-2.1"]),
    firstPatterns: number("first-patterns", "a whole number from 1", whole(1, 2 ** 31)),
  };
}

function wrongValue(name: string, expected: string, got: string): OptionsError {
  return new OptionsError("CLI_VALUE", "not a valid value", { source: `--${name}`, expected, got }, 2);
}
