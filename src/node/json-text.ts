// JSON of records: one line per object member, lists of plain values on one line, and numbers that JSON has no word for
// as text, listed by path (spec: reliability.md section 2.2 and row E24).

/** JSON text and the paths of all numbers that are not finite, which are written "NaN", "Infinity", "-Infinity". */
export interface JsonText {
  readonly text: string;
  readonly nonFinite: readonly string[];
}

/** Formats plain data (typed arrays as lists; undefined members are left out). */
export function formatJson(value: unknown): JsonText {
  const nonFinite: string[] = [];
  const text = format(value, "", "", nonFinite);
  return { text, nonFinite };
}

/** A copy of plain data in which every number that is not finite is text. */
export function encodeNonFinite(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (isList(value)) return Array.from(value, encodeNonFinite);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encodeNonFinite(member)]));
}

function format(value: unknown, path: string, indent: string, nonFinite: string[]): string {
  if (typeof value === "number" && !Number.isFinite(value)) {
    nonFinite.push(path);
    return JSON.stringify(String(value));
  }
  const inner = `${indent}  `;
  if (isList(value)) {
    const items = Array.from(value, (item, index) => format(item, `${path}[${index}]`, inner, nonFinite));
    if (!items.some((item) => item.includes("\n"))) return `[${items.join(", ")}]`;
    return `[\n${inner}${items.join(`,\n${inner}`)}\n${indent}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return "{}";
  const lines = members.map(
    ([name, member]) =>
      `${JSON.stringify(name)}: ${format(member, path === "" ? name : `${path}.${name}`, inner, nonFinite)}`,
  );
  return `{\n${inner}${lines.join(`,\n${inner}`)}\n${indent}}`;
}

function isList(value: unknown): value is ArrayLike<unknown> & Iterable<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}
