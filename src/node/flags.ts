// Command-line flags made from a schema of options, and the parsing of a command line into an options object.

import { parseArgs } from "node:util";
import type { z } from "zod";
import { OptionsError } from "../errors.ts";
import { describeRules, listOptions, type OptionFact, type ValueRule } from "../options-help.ts";
import { findNearestName } from "../options-issue.ts";

/** A flag that stands for an option of the schema. */
export interface OptionFlag {
  readonly name: string;
  readonly option: OptionFact;
}

/** A flag that belongs to the command itself. */
export interface CommandFlag {
  readonly kind: "switch" | "value";
  /** Shown in the help, e.g. FILE. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
}

export interface ParsedLine {
  readonly positionals: readonly string[];
  /** Switches and values of the command's own flags. */
  readonly command: Readonly<Record<string, string | true | undefined>>;
  /** Nested options as far as flags gave them. */
  readonly options: Record<string, unknown>;
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  deviceMemoryBytes: "device-memory",
  "canvas.extraPx": "canvas-extra",
  "canvas.shapePx": "canvas-shape",
  "canvas.originPx": "canvas-origin",
  "data.memoryBudgetBytes": "memory-budget",
};
const BYTE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** One flag for every option: kebab-case path, without `data`, `enabled` and units where the name stays clear. */
export function makeFlags(schema: z.ZodType): OptionFlag[] {
  return listOptions(schema).map((option) => ({ name: flagName(option.path), option }));
}

function flagName(path: readonly string[]): string {
  const known = SHORT_NAMES[path.join(".")];
  if (known) return known;
  const parts = path.filter((part, index) => !(part === "data" && index === 0) && part !== "enabled");
  return parts
    .join("-")
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase();
}

/**
 * Parses a command line. Throws OptionsError with exit code 2: CLI_FLAG for an unknown flag (with the nearest name),
 * CLI_VALUE for a value that is missing or not of the option's type.
 */
export function parseLine(
  argv: readonly string[],
  flags: readonly OptionFlag[],
  commandFlags: Readonly<Record<string, CommandFlag>>,
): ParsedLine {
  const byName = new Map(flags.map((flag) => [flag.name, flag.option]));
  const switches = new Set<string>();
  const config: Record<string, { type: "boolean" | "string"; short?: string }> = {};
  for (const [name, option] of byName) {
    const isSwitch = isBoolean(option.rules);
    config[name] = { type: isSwitch ? "boolean" : "string" };
    if (!isSwitch) continue;
    switches.add(name);
    config[`no-${name}`] = { type: "boolean" };
  }
  for (const [name, flag] of Object.entries(commandFlags)) {
    config[name] = {
      type: flag.kind === "switch" ? "boolean" : "string",
      ...(flag.short ? { short: flag.short } : {}),
    };
  }
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: config,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const command: Record<string, string | true | undefined> = {};
  const options: Record<string, unknown> = {};
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, value, rawName } = token;
    const known = config[name];
    if (!known) throw unknownFlag(rawName, Object.keys(config));
    if (known.type === "boolean" && value !== undefined) throw valueError(rawName, "no value", value);
    if (known.type === "string" && (value === undefined || (!token.inlineValue && /^--?[a-z]/.test(value)))) {
      throw valueError(rawName, commandFlags[name]?.value ?? describeOnLine(byName.get(name)?.rules ?? []), "nothing");
    }
    if (Object.hasOwn(commandFlags, name)) command[name] = value ?? true;
    else if (switches.has(name)) assign(options, byName.get(name)!.path, true);
    else if (name.startsWith("no-") && switches.has(name.slice(3)))
      assign(options, byName.get(name.slice(3))!.path, false);
    else assign(options, byName.get(name)!.path, parseValue(rawName, value!, byName.get(name)!));
  }
  return { positionals, command, options };
}

/** An options error of a merged options object as one of the command line, when a flag gave the value. */
export function blameFlag(
  error: unknown,
  flags: readonly OptionFlag[],
  given: Readonly<Record<string, unknown>>,
): unknown {
  if (!(error instanceof OptionsError) || !error.details.field) return error;
  const flag = flags.find(
    ({ option }) => error.details.field!.startsWith(option.path.join(".")) && lookUp(given, option.path) !== undefined,
  );
  if (!flag) return error;
  const { expected, got } = error.details;
  return new OptionsError(
    "CLI_VALUE",
    "not a valid value",
    { source: `--${flag.name}`, ...(expected ? { expected } : {}), ...(got ? { got } : {}) },
    2,
  );
}

/** Help lines of option flags: name, description, accepted values, default. */
export function describeFlags(flags: readonly OptionFlag[]): string {
  return flags
    .map(({ name, option }) => {
      const shown = isBoolean(option.rules) ? `--${name}, --no-${name}` : `--${name} VALUE`;
      const accepted = isBoolean(option.rules) ? "" : `; ${describeOnLine(option.rules)}`;
      return `  ${shown}\n      ${option.description || option.path.join(".")}${accepted} [${describeDefault(option.defaultValue)}]`;
    })
    .join("\n");
}

/** Help lines of a command's own flags. */
export function describeCommandFlags(flags: Readonly<Record<string, CommandFlag>>): string {
  return Object.entries(flags)
    .map(
      ([name, flag]) =>
        `  ${flag.short ? `-${flag.short}, ` : ""}--${name}${flag.kind === "value" ? ` ${flag.value ?? "VALUE"}` : ""}\n      ${flag.help}`,
    )
    .join("\n");
}

/** Bytes of "512MB", "2GiB" or "1000"; null when it is none of these. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([KMG]?i?B)?$/i.exec(text.trim());
  if (!match) return null;
  return Math.round(Number(match[1]) * BYTE_UNITS[(match[2] ?? "B").toUpperCase()]!);
}

function parseValue(rawName: string, text: string, option: OptionFact): unknown {
  const { rules, path } = option;
  if (path.at(-1)!.endsWith("Bytes") && text !== "null") {
    const bytes = parseBytes(text);
    if (bytes !== null) return bytes;
    throw valueError(rawName, "a size such as 512MB, 2GiB or 1000000", text);
  }
  if (text === "null" && rules.some((rule) => rule.kind === "null")) return null;
  if (rules.some((rule) => rule.kind === "words" && rule.words.includes(text))) return text;
  const list = rules.find((rule) => rule.kind === "list");
  if (list) {
    const parts = text.replace(/^\[(.*)\]$/, "$1").split(",");
    const numbers = parts.map((part) => (part.trim() === "" ? NaN : Number(part)));
    if (numbers.length === list.items.length && numbers.every(Number.isFinite)) return numbers;
  }
  if (rules.some((rule) => rule.kind === "number") && text.trim() !== "" && Number.isFinite(Number(text)))
    return Number(text);
  if (rules.some((rule) => rule.kind === "text")) return text;
  throw valueError(rawName, describeOnLine(rules), text);
}

/** Accepted values as the command line takes them: lists without brackets. */
function describeOnLine(rules: readonly ValueRule[]): string {
  return describeRules(
    rules.map((rule): ValueRule => {
      if (rule.kind !== "list") return rule;
      const each = describeRules(rule.items[0] ?? []);
      return { kind: "words", words: [`${rule.items.length} values joined by a comma, each ${each}`] };
    }),
  );
}

/** A default as it would be given on the command line. */
function describeDefault(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : JSON.stringify(value);
}

function isBoolean(rules: readonly ValueRule[]): boolean {
  return rules.length === 1 && rules[0]!.kind === "boolean";
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let place = target;
  for (const part of path.slice(0, -1)) place = (place[part] ??= {}) as Record<string, unknown>;
  place[path.at(-1)!] = value;
}

function lookUp(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], value);
}

function unknownFlag(rawName: string, names: readonly string[]): OptionsError {
  const nearest = findNearestName(rawName.replace(/^-+/, ""), names);
  const remedy = nearest ? `Did you mean --${nearest}?` : "See --help";
  return new OptionsError("CLI_FLAG", "unknown flag", { source: rawName, remedy }, 2);
}

function valueError(rawName: string, expected: string, got: string): OptionsError {
  return new OptionsError("CLI_VALUE", "not a valid value", { source: rawName, expected, got }, 2);
}
