// JSON of records: one line per object member, lists of plain values on one line, and numbers that JSON has no word for
// as text, listed by path (spec: reliability.md section 2.2 and row E24).

/** JSON text and the paths of all numbers that are not finite, which are written "NaN", "Infinity", "-Infinity". */
export interface JsonText {
  readonly text: string;
  readonly nonFinite: readonly string[];
}

/** A flat array that is written as a list of rows. */
export class JsonRows {
  readonly values: ArrayLike<number>;
  readonly width: number;

  constructor(values: ArrayLike<number>, width: number) {
    this.values = values;
    this.width = width;
  }
}

/** Formats plain data (typed arrays as lists; undefined members are left out). */
export function formatJson(value: unknown): JsonText {
  const writer = new JsonWriter();
  writer.write(value, "");
  return { text: writer.finish().join(""), nonFinite: writer.nonFinite };
}

/** A record as pieces of text, ended by a line feed, with a last member `nonFinite`: the paths of such numbers. */
export function formatRecord(record: Readonly<Record<string, unknown>>): readonly string[] {
  const writer = new JsonWriter();
  // written last, so that all paths are known by then
  writer.write({ ...record, nonFinite: writer.nonFinite }, "");
  return [...writer.finish(), "\n"];
}

/** A copy of plain data in which every number that is not finite is text. */
export function encodeNonFinite(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (isList(value)) return Array.from(value, encodeNonFinite);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encodeNonFinite(member)]));
}

const PIECE_CHARACTERS = 2 ** 16;

/** Builds the text piece by piece: a record may list hundreds of thousands of positions. */
class JsonWriter {
  readonly nonFinite: string[] = [];
  readonly #pieces: string[] = [];
  /** What will be the next piece; joined at once, because a string that grows keeps all its parts. */
  #parts: string[] = [];
  #characters = 0;
  readonly #path: (string | number)[] = [];

  write(value: unknown, indent: string): void {
    if (typeof value === "number" && !Number.isFinite(value)) {
      this.nonFinite.push(formatPath(this.#path));
      this.#put(JSON.stringify(String(value)));
    } else if (value instanceof JsonRows) this.#writeRows(value);
    else if (isList(value)) this.#writeList(value, indent);
    else if (typeof value === "object" && value !== null) this.#writeMembers(value, indent);
    else this.#put(JSON.stringify(value) ?? "null");
  }

  #writeList(list: ArrayLike<unknown>, indent: string): void {
    const inner = `${indent}  `;
    const [start, next, end] = isOneLine(list) ? ["[", ", ", "]"] : [`[\n${inner}`, `,\n${inner}`, `\n${indent}]`];
    this.#put(start);
    for (let index = 0; index < list.length; index++) {
      if (index > 0) this.#put(next);
      this.#writeAt(index, list[index], inner);
    }
    this.#put(end);
  }

  #writeRows({ values, width }: JsonRows): void {
    this.#put("[");
    for (let index = 0; index < values.length; index++) {
      const row = Math.floor(index / width);
      const place = index % width;
      this.#put(place > 0 ? ", " : row > 0 ? ", [" : "[");
      this.#path.push(row);
      this.#writeAt(place, values[index], "");
      this.#path.pop();
      if (place === width - 1) this.#put("]");
    }
    this.#put("]");
  }

  #writeMembers(value: object, indent: string): void {
    const inner = `${indent}  `;
    let separator = `{\n${inner}`;
    for (const [name, member] of definedMembers(value)) {
      this.#put(`${separator}${JSON.stringify(name)}: `);
      this.#writeAt(name, member, inner);
      separator = `,\n${inner}`;
    }
    this.#put(separator.startsWith("{") ? "{}" : `\n${indent}}`);
  }

  #writeAt(place: string | number, value: unknown, indent: string): void {
    this.#path.push(place);
    this.write(value, indent);
    this.#path.pop();
  }

  #put(text: string): void {
    this.#parts.push(text);
    this.#characters += text.length;
    if (this.#characters > PIECE_CHARACTERS) this.finish();
  }

  /** The pieces so far. */
  finish(): readonly string[] {
    this.#pieces.push(this.#parts.join(""));
    this.#parts = [];
    this.#characters = 0;
    return this.#pieces;
  }
}

function definedMembers(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, member]) => member !== undefined);
}

/** Lists of plain values, and of such lists, take one line. */
function isOneLine(value: unknown): boolean {
  if (isList(value)) return ArrayBuffer.isView(value) || Array.prototype.every.call(value, isOneLine);
  return typeof value !== "object" || value === null || definedMembers(value).length === 0;
}

function formatPath(path: readonly (string | number)[]): string {
  return path.map((part, depth) => (typeof part === "number" ? `[${part}]` : depth === 0 ? part : `.${part}`)).join("");
}

function isList(value: unknown): value is ArrayLike<unknown> & Iterable<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}
