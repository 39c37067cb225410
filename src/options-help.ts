// What a schema of options says about each of them: path, accepted values, default, description. From here come the
// JSON Schema, the command line's flags and help, and the wording of refusals (src/options-issue.ts).

import { z } from "zod";

/** One kind of value that an option takes; an option takes one of several. */
export type ValueRule =
  | { readonly kind: "boolean" | "null" | "text" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  | {
      readonly kind: "number";
      readonly integer: boolean;
      readonly minimum: number | null;
      readonly maximum: number | null;
      /** True when `minimum` itself is refused. */
      readonly aboveMinimum: boolean;
    }
  | { readonly kind: "list"; readonly items: readonly (readonly ValueRule[])[] };

/** One option: a leaf of the schema. */
export interface OptionFact {
  readonly path: readonly string[];
  /** Empty when the schema does not describe it. */
  readonly description: string;
  readonly defaultValue: unknown;
  readonly rules: readonly ValueRule[];
}

/** The parts of a JSON Schema that zod makes of our options. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly prefixItems?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** Bounds from here on only say that a number fits its type. */
const TYPE_LIMIT = 2 ** 31 - 1;

/** JSON Schema (draft 2020-12) of what a user may write: defaults make everything optional. */
export function optionsJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
}

/** Every option of a schema, in its order. A group's description serves its `enabled` switch. */
export function listOptions(schema: z.ZodType): OptionFact[] {
  return collectOptions(optionsJsonSchema(schema), [], "");
}

function collectOptions(node: JsonSchema, path: readonly string[], group: string): OptionFact[] {
  if (node.properties) {
    return Object.entries(node.properties).flatMap(([name, child]) =>
      collectOptions(child, [...path, name], node.description ?? ""),
    );
  }
  const description = node.description ?? (path.at(-1) === "enabled" ? group : "");
  return [{ path, description, defaultValue: node.default ?? null, rules: rulesOf(node) }];
}

/** The node of a JSON Schema at `path`; null where there is none. Indices walk into tuples and lists, names into records. */
export function schemaAt(node: JsonSchema, path: readonly PropertyKey[]): JsonSchema | null {
  let at: JsonSchema | null = node;
  for (const step of path) {
    const next: JsonSchema | null = [at, ...(at.anyOf ?? [])].map((one) => childAt(one, step)).find(Boolean) ?? null;
    if (!next) return null;
    at = next;
  }
  return at;
}

function childAt(node: JsonSchema, step: PropertyKey): JsonSchema | null {
  if (typeof step === "number") return node.prefixItems?.[step] ?? node.items ?? null;
  if (Object.hasOwn(node.properties ?? {}, step)) return node.properties![String(step)]!;
  return typeof node.additionalProperties === "object" ? node.additionalProperties : null;
}

/** What values a node takes. */
export function rulesOf(node: JsonSchema): ValueRule[] {
  if (node.anyOf) return node.anyOf.flatMap(rulesOf);
  if (node.enum) return [{ kind: "words", words: node.enum.map(String) }];
  if (node.const !== undefined) return [{ kind: "words", words: [String(node.const)] }];
  const types = typeof node.type === "string" ? [node.type] : (node.type ?? []);
  return types.map((type) => ruleOfType(type, node));
}

function ruleOfType(type: string, node: JsonSchema): ValueRule {
  if (type === "array") return { kind: "list", items: (node.prefixItems ?? []).map(rulesOf) };
  if (type === "boolean" || type === "null") return { kind: type };
  if (type !== "integer" && type !== "number") return { kind: "text" };
  return {
    kind: "number",
    integer: type === "integer",
    minimum: node.exclusiveMinimum ?? node.minimum ?? null,
    maximum: node.maximum ?? null,
    aboveMinimum: node.exclusiveMinimum !== undefined,
  };
}

/** Accepted values in words, e.g. "an integer from 0 to 32, or null". */
export function describeRules(rules: readonly ValueRule[]): string {
  const parts = rules.flatMap(describeRule);
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} or ${parts.at(-1)}`;
}

function describeRule(rule: ValueRule): string[] {
  switch (rule.kind) {
    case "boolean":
      return ["true", "false"];
    case "null":
      return ["null"];
    case "text":
      return ["text"];
    case "words":
      return [...rule.words];
    case "list":
      return [`a list of ${rule.items.length}: ${rule.items.map(describeRules).join("; ")}`];
    case "number":
      return [describeNumber(rule)];
  }
}

function describeNumber(rule: Extract<ValueRule, { kind: "number" }>): string {
  const noun = rule.integer ? "an integer" : "a number";
  const minimum = rule.minimum !== null && rule.minimum > -TYPE_LIMIT ? rule.minimum : null;
  const maximum =
    rule.maximum !== null && (rule.maximum < TYPE_LIMIT || rule.maximum === 2 ** 32 - 1) ? rule.maximum : null;
  if (minimum !== null && rule.aboveMinimum) {
    return maximum === null ? `${noun} above ${minimum}` : `${noun} above ${minimum} and at most ${maximum}`;
  }
  if (minimum !== null && maximum !== null) return `${noun} from ${minimum} to ${maximum}`;
  if (minimum !== null) return `${noun} of at least ${minimum}`;
  return maximum === null ? noun : `${noun} of at most ${maximum}`;
}
