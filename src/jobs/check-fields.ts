// Refusals of study files by field: which one (as a JSON path), what it takes, what came, the nearest name.

import type { z } from "zod";
import { OptionsError } from "../errors.ts";
import { describeRules, type JsonSchema, optionsJsonSchema, rulesOf, schemaAt } from "../options-help.ts";
import { describeValue, findNearestName } from "../options-issue.ts";

/** First word of the codes: MANIFEST_KEY, MANIFEST_VALUE; DESIGN_KEY, DESIGN_VALUE. */
export type CheckedKind = "MANIFEST" | "DESIGN";

/** A JSON path as people write it: `jobs[3].dose`. */
export function formatJsonPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? String(step) : `${text}.${String(step)}`;
  }, "");
}

/**
 * Checks `input` and fills in defaults. Throws OptionsError (exit 78): `<kind>_KEY` for a field that is missing, unknown to
 * a strict schema, or named `__proto__`; `<kind>_VALUE` for any other fault.
 */
export function checkFields<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  source: string,
  kind: CheckedKind,
): z.output<Schema> {
  refusePrototypeKeys(input, source, kind);
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw explainIssue(schema, parsed.error.issues[0]!, input, source, kind);
}

/** JSON.parse makes `__proto__` an own field; whoever copies the object then changes its prototype. */
function refusePrototypeKeys(input: unknown, source: string, kind: CheckedKind): void {
  const waiting: { value: unknown; path: readonly PropertyKey[] }[] = [{ value: input, path: [] }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, path } = next;
    if (typeof value !== "object" || value === null) continue;
    if (Object.hasOwn(value, "__proto__")) {
      const field = formatJsonPath([...path, "__proto__"]);
      throw new OptionsError(`${kind}_KEY`, "this name is not allowed", { source, field });
    }
    for (const [name, member] of Object.entries(value)) {
      waiting.push({ value: member, path: [...path, Array.isArray(value) ? Number(name) : name] });
    }
  }
}

function explainIssue(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  input: unknown,
  source: string,
  kind: CheckedKind,
): OptionsError {
  const json = optionsJsonSchema(schema);
  const node = schemaAt(json, issue.path);
  if (issue.code === "unrecognized_keys") {
    const name = issue.keys[0]!;
    const known = Object.keys(node?.properties ?? {});
    const nearest = findNearestName(name, known);
    return new OptionsError(`${kind}_KEY`, "unknown field", {
      source,
      field: formatJsonPath([...issue.path, name]),
      expected: `one of ${known.join(", ")}`,
      ...(nearest === null ? {} : { remedy: `Did you mean \`${nearest}\`?` }),
    });
  }
  const field = formatJsonPath(issue.path);
  const expected = expectedOf(issue, node);
  const parent = valueAt(input, issue.path.slice(0, -1));
  const name = issue.path.at(-1);
  if (typeof name === "string" && isRecord(parent) && !Object.hasOwn(parent, name)) {
    const known = Object.keys(schemaAt(json, issue.path.slice(0, -1))?.properties ?? {});
    const unknown = Object.keys(parent).filter((key) => !known.includes(key));
    const nearest = findNearestName(name, unknown);
    const remedy = nearest === null ? {} : { remedy: `\`${nearest}\` is not known here: did you mean \`${name}\`?` };
    return new OptionsError(`${kind}_KEY`, "this field is missing", { source, field, expected, ...remedy });
  }
  return new OptionsError(`${kind}_VALUE`, "not a valid value", {
    source,
    ...(field ? { field } : {}),
    expected,
    got: describeValue(valueAt(input, issue.path)),
  });
}

function expectedOf(issue: z.core.$ZodIssue, node: JsonSchema | null): string {
  if (issue.code === "too_big") return `at most ${issue.maximum}`;
  if (issue.code === "custom" || !node) return issue.message;
  return describeNode(node);
}

function describeNode(node: JsonSchema): string {
  if (node.anyOf) return [...new Set(node.anyOf.map(describeNode))].join(" or ");
  if (node.properties || node.type === "object") return "an object";
  if (node.type === "array" && !node.prefixItems) return "a list";
  return describeRules(rulesOf(node));
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step];
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
