// JSON that people wrote: faults with line and column, duplicate keys and absurd depth refused. JSON.parse alone keeps
// silent about the one and, in Node 20, about the place of the other.

import { OptionsError } from "../errors.ts";

const DEEPEST = 64;

/** Codes of refusals by kind of fault. */
export interface JsonCodes {
  readonly syntax: string;
  readonly duplicateKey: string;
  readonly depth: string;
}

/** How JSON text is read. */
export interface JsonReading {
  readonly codes?: JsonCodes;
  /** Accept NaN, Infinity and -Infinity, as Python writes them; they are read as text of that name. */
  readonly acceptNonFinite?: boolean;
}

const jsonCodes: JsonCodes = { syntax: "JSON_SYNTAX", duplicateKey: "JSON_DUPLICATE_KEY", depth: "JSON_DEPTH" };

/**
 * Parses JSON text. Throws OptionsError (exit 78): JSON_SYNTAX with line and column, JSON_DUPLICATE_KEY, JSON_DEPTH, or the
 * codes of `reading`.
 */
export function parseJson(text: string, source: string, reading: JsonReading = {}): unknown {
  const nonFinite: number[] = [];
  const fault = findFault(text, reading.acceptNonFinite ? nonFinite : null);
  if (fault) {
    const { line, column } = placeOf(text, fault.offset);
    const code = (reading.codes ?? jsonCodes)[fault.kind];
    throw new OptionsError(code, `${fault.message} at line ${line}, column ${column}`, {
      source,
      ...(fault.field === undefined ? {} : { field: fault.field }),
    });
  }
  let plain = "";
  let from = 0;
  for (const at of nonFinite) {
    const [word] = NON_FINITE.exec(text.slice(at, at + 9))!;
    plain += `${text.slice(from, at)}"${word}"`;
    from = at + word.length;
  }
  return JSON.parse(plain + text.slice(from));
}

interface Fault {
  readonly kind: keyof JsonCodes;
  readonly message: string;
  readonly offset: number;
  readonly field?: string;
}

type Expectation = "value" | "value or end" | "key" | "key or end" | "colon" | "comma or end" | "nothing";

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids control characters inside strings
  /[ \t\n\r]*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([{}[\],:]))/y;

const NON_FINITE = /^(?:NaN|-?Infinity)/;

const described: Readonly<Record<Expectation, string>> = {
  value: "a value",
  "value or end": "a value or ]",
  key: "a key in double quotes",
  "key or end": "a key in double quotes or }",
  colon: "a colon",
  "comma or end": "a comma or the closing bracket",
  nothing: "the end of the text",
};

/**
 * The first fault of a JSON text; null when there is none. Offsets of numbers that are not finite are added to `nonFinite`;
 * null = they are faults.
 */
function findFault(text: string, nonFinite: number[] | null): Fault | null {
  /** Open brackets: the keys seen so far in an object, null for a list. */
  const open: (Set<string> | null)[] = [];
  let expected: Expectation = "value";
  let offset = 0;
  const afterValue = (): Expectation => (open.length === 0 ? "nothing" : "comma or end");
  for (;;) {
    TOKEN.lastIndex = offset;
    const match = TOKEN.exec(text);
    const at = match ? TOKEN.lastIndex - match[0].trimStart().length : offset + leadingSpace(text, offset);
    if (!match && nonFinite && expected.startsWith("value")) {
      const word = NON_FINITE.exec(text.slice(at, at + 9));
      if (word) {
        nonFinite.push(at);
        offset = at + word[0].length;
        expected = afterValue();
        continue;
      }
    }
    if (!match) return at === text.length && expected === "nothing" ? null : syntaxFault(text, at, expected);
    offset = TOKEN.lastIndex;
    const [, string, literal, mark] = match;
    const inside = open.at(-1);
    if (string !== undefined && (expected === "key" || expected === "key or end")) {
      const key = JSON.parse(string) as string;
      if (inside!.has(key)) return { kind: "duplicateKey", message: "the same key twice", offset: at, field: key };
      inside!.add(key);
      expected = "colon";
    } else if ((string ?? literal) !== undefined && expected.startsWith("value")) {
      expected = afterValue();
    } else if ((mark === "{" || mark === "[") && expected.startsWith("value")) {
      if (open.length === DEEPEST) return { kind: "depth", message: `more than ${DEEPEST} levels`, offset: at };
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
  return { kind: "syntax", message: `not JSON: expected ${described[expected]}, got ${got}`, offset };
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - (before.lastIndexOf("\n") + 1) + 1 };
}
