// JSON that people wrote: faults with line and column, duplicate keys and absurd depth refused. JSON.parse alone keeps
// silent about the one and, in Node 20, about the place of the other.

import { OptionsError } from "../errors.ts";

const DEEPEST = 64;

/**
 * Parses JSON text. Throws OptionsError (exit 78): JSON_SYNTAX with line and column, JSON_DUPLICATE_KEY, JSON_DEPTH.
 */
export function parseJson(text: string, source: string): unknown {
  const fault = findFault(text);
  if (fault) {
    const { line, column } = placeOf(text, fault.offset);
    throw new OptionsError(fault.code, `${fault.message} at line ${line}, column ${column}`, {
      source,
      ...(fault.field === undefined ? {} : { field: fault.field }),
    });
  }
  return JSON.parse(text);
}

interface Fault {
  readonly code: string;
  readonly message: string;
  readonly offset: number;
  readonly field?: string;
}

type Expectation = "value" | "value or end" | "key" | "key or end" | "colon" | "comma or end" | "nothing";

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids control characters inside strings
  /[ \t\n\r]*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([{}[\],:]))/y;

const described: Readonly<Record<Expectation, string>> = {
  value: "a value",
  "value or end": "a value or ]",
  key: "a key in double quotes",
  "key or end": "a key in double quotes or }",
  colon: "a colon",
  "comma or end": "a comma or the closing bracket",
  nothing: "the end of the text",
};

/** The first fault of a JSON text; null when there is none. */
function findFault(text: string): Fault | null {
  /** Open brackets: the keys seen so far in an object, null for a list. */
  const open: (Set<string> | null)[] = [];
  let expected: Expectation = "value";
  let offset = 0;
  const afterValue = (): Expectation => (open.length === 0 ? "nothing" : "comma or end");
  for (;;) {
    TOKEN.lastIndex = offset;
    const match = TOKEN.exec(text);
    const at = match ? TOKEN.lastIndex - match[0].trimStart().length : offset + leadingSpace(text, offset);
    if (!match) return at === text.length && expected === "nothing" ? null : syntaxFault(text, at, expected);
    offset = TOKEN.lastIndex;
    const [, string, literal, mark] = match;
    const inside = open.at(-1);
    if (string !== undefined && (expected === "key" || expected === "key or end")) {
      const key = JSON.parse(string) as string;
      if (inside!.has(key))
        return { code: "JSON_DUPLICATE_KEY", message: "the same key twice", offset: at, field: key };
      inside!.add(key);
      expected = "colon";
    } else if ((string ?? literal) !== undefined && expected.startsWith("value")) {
      expected = afterValue();
    } else if ((mark === "{" || mark === "[") && expected.startsWith("value")) {
      if (open.length === DEEPEST) return { code: "JSON_DEPTH", message: `more than ${DEEPEST} levels`, offset: at };
      open.push(mark === "{" ? new Set() : null);
      expected = mark === "{" ? "key or end" : "value or end";
    } else if (mark === "}" && inside && (expected === "key or end" || expected === "comma or end")) {
      open.pop();
      expected = afterValue();
    } else if (mark === "]" && inside === null && (expected === "value or end" || expected === "comma or end")) {
      open.pop();
      expected = afterValue();
    } else if (mark === "," && expected === "comma or end") {
      expected = inside ? "key" : "value";
    } else if (mark === ":" && expected === "colon") {
      expected = "value";
    } else {
      return syntaxFault(text, at, expected);
    }
  }
}

function leadingSpace(text: string, offset: number): number {
  const space = /[ \t\n\r]*/y;
  space.lastIndex = offset;
  return space.exec(text)![0].length;
}

function syntaxFault(text: string, offset: number, expected: Expectation): Fault {
  const character = text[offset];
  const got =
    character === undefined
      ? "the end of the text"
      : character === "\ufeff"
        ? "a byte order mark"
        : JSON.stringify(String.fromCodePoint(text.codePointAt(offset)!));
  return { code: "JSON_SYNTAX", message: `not JSON: expected ${described[expected]}, got ${got}`, offset };
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - (before.lastIndexOf("\n") + 1) + 1 };
}
