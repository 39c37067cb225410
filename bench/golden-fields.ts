// Arrays of a golden file with the shape and kind its format asks for. Other number types are converted where nothing is
// lost that matters; what does not fit is refused by name, never misread.

import { type ComplexArray, InputError, type NpzFile } from "../src/index.ts";

/** Expected lengths; null = any. */
export type ShapeRule = readonly (number | null)[];

/** Reads the fields of one file. Throws InputError naming file and field. */
export class GoldenFields {
  readonly #file: string;
  readonly #npz: NpzFile;

  constructor(file: string, npz: NpzFile) {
    this.#file = file;
    this.#npz = npz;
  }

  get names(): readonly string[] {
    return this.#npz.names;
  }

  has(name: string): boolean {
    return this.#npz.has(name);
  }

  async shape(name: string): Promise<readonly number[]> {
    return (await this.#npz.header(name)).shape;
  }

  /** Real numbers as float64; 64-bit integers have to be exact. */
  async readReal(name: string, rule: ShapeRule): Promise<{ shape: readonly number[]; data: Float64Array }> {
    const { shape, dtype, data } = await this.#npz.readNumeric(name);
    if (dtype.startsWith("complex")) throw this.refusal(name, "real numbers", dtype);
    this.#assertShape(name, shape, rule);
    const numbers = Float64Array.from(data as ArrayLike<number | bigint>, Number);
    const large = dtype.endsWith("int64") ? numbers.find((value) => !Number.isSafeInteger(value)) : undefined;
    if (large !== undefined) throw this.refusal(name, "integers that float64 holds", String(large));
    return { shape, data: numbers };
  }

  /** Whole numbers of any type. */
  async readIntegers(name: string, rule: ShapeRule): Promise<{ shape: readonly number[]; data: Float64Array }> {
    const array = await this.readReal(name, rule);
    const broken = array.data.find((value) => !Number.isInteger(value));
    if (broken !== undefined) throw this.refusal(name, "whole numbers", String(broken));
    return array;
  }

  /** Complex numbers as complex64. */
  async readComplex(name: string, rule: ShapeRule): Promise<ComplexArray> {
    const { shape, dtype, data } = await this.#npz.readNumeric(name);
    if (!dtype.startsWith("complex")) throw this.refusal(name, "complex numbers", dtype);
    this.#assertShape(name, shape, rule);
    return { shape, data: Float32Array.from(data as ArrayLike<number>) };
  }

  /** Real or complex numbers; complex ones as pairs. */
  async readAny(name: string): Promise<{ shape: readonly number[]; data: Float64Array }> {
    const { shape, dtype, data } = await this.#npz.readNumeric(name);
    return dtype.startsWith("complex")
      ? { shape, data: Float64Array.from(data as ArrayLike<number>) }
      : await this.readReal(name, shape);
  }

  /** A JSON object kept as text, as bytes, or as an array of bytes. */
  async readJson(name: string): Promise<Record<string, unknown>> {
    let value: unknown;
    const text = await this.#readText(name);
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw this.refusal(name, "JSON", (error as Error).message);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw this.refusal(name, "a JSON object", text.slice(0, 40));
    return value as Record<string, unknown>;
  }

  /** The error of a field that is not what the format says. */
  refusal(name: string, expected: string, got: string): InputError {
    const details = { source: this.#file, field: name, expected, got };
    return new InputError("GOLDEN_FIELD", "not as the format of golden files says", details);
  }

  async #readText(name: string): Promise<string> {
    const { descr } = await this.#npz.header(name);
    if (descr.includes("U")) {
      const array = await this.#npz.readArray(name);
      return array.dtype === "str" ? (array.data[0] ?? "") : "";
    }
    if (!/^\|(S\d+|u1)$/.test(descr)) throw this.refusal(name, "text", descr);
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#npz.readBody(name)) pieces.push(Uint8Array.from(piece));
    const bytes = Uint8Array.from(pieces.flatMap((piece) => Array.from(piece)));
    return new TextDecoder().decode(bytes).replace(/\0+$/, "");
  }

  #assertShape(name: string, shape: readonly number[], rule: ShapeRule): void {
    const fits =
      shape.length === rule.length && rule.every((length, axis) => length === null || length === shape[axis]);
    if (fits) return;
    const expected = `shape [${rule.map((length) => length ?? "any").join(", ")}]`;
    throw this.refusal(name, expected, `[${shape.join(", ")}]`);
  }
}
