// Refusals of options: from zod's first issue to an error that names the option, what it takes, what came, and the
// nearest name for a misspelt one.

import type { z } from "zod";
import { OptionsError } from "./errors.ts";
import { describeRules, optionsJsonSchema, rulesOf, schemaAt } from "./options-help.ts";

const SHOWN_CHARACTERS = 60;

/**
 * Checks `input` and fills in defaults. Throws OptionsError (exit 78): OPTIONS_KEY for unknown names, OPTIONS_VALUE else.
 * `source`: where the options come from.
 */
export function checkOptions<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  source: string,
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw explainIssue(schema, parsed.error.issues[0]!, input, source);
}

function explainIssue(schema: z.ZodType, issue: z.core.$ZodIssue, input: unknown, source: string): OptionsError {
  const json = optionsJsonSchema(schema);
  const node = schemaAt(json, issue.path);
  const field = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const unknown = issue.keys[0]!;
    const names = Object.keys(node?.properties ?? {});
    const nearest = findNearestName(unknown, names);
    return new OptionsError("OPTIONS_KEY", "unknown option", {
      source,
      field: [...issue.path, unknown].join("."),
      expected: `one of ${names.join(", ")}`,
      ...(nearest === null ? {} : { remedy: `Did you mean \`${[...issue.path, nearest].join(".")}\`?` }),
    });
  }
  return new OptionsError("OPTIONS_VALUE", "not a valid value", {
    source,
    ...(field ? { field } : {}),
    expected: node?.properties ? "an object" : node ? describeRules(rulesOf(node)) : issue.message,
    got: describeValue(valueAt(input, issue.path)),
  });
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step];
  return value;
}

/** A value as JSON would write it, shortened. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}

/** The name that `wrong` most likely stands for: few edits away, or one that it begins or ends. Null when none is near. */
export function findNearestName(wrong: string, names: readonly string[]): string | null {
  const word = wrong.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(word, name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  if (best !== null || word.length < 3) return best;
  return names.find((name) => name.toLowerCase().startsWith(word) || name.toLowerCase().endsWith(word)) ?? null;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let y = 1; y <= from.length; y++) {
    const row = [y];
    for (let x = 1; x <= to.length; x++) {
      const replaced = rows[y - 1]![x - 1]! + (from[y - 1] === to[x - 1] ? 0 : 1);
      const swapped =
        y > 1 && x > 1 && from[y - 1] === to[x - 2] && from[y - 2] === to[x - 1] ? rows[y - 2]![x - 2]! + 1 : replaced;
      row.push(Math.min(rows[y - 1]![x]! + 1, row[x - 1]! + 1, replaced, swapped));
    }
    rows.push(row);
  }
  return rows.at(-1)!.at(-1)!;
}
