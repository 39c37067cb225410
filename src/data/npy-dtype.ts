// Element types of .npy arrays: which ones are read, under which names, and how wide they are.

/** Types that are decoded, by NumPy's names. Complex numbers are interleaved pairs. */
export type NumericType =
  | "bool"
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "uint64"
  | "int64"
  | "float16"
  | "float32"
  | "float64"
  | "complex64"
  | "complex128";

/** What a header says about its elements. */
export type NpyType =
  | { readonly kind: "numeric"; readonly name: NumericType; readonly itemBytes: number; readonly bigEndian: boolean }
  | { readonly kind: "unicode"; readonly characters: number; readonly itemBytes: number; readonly bigEndian: boolean }
  | { readonly kind: "object" }
  | { readonly kind: "unsupported" };

interface TypeFacts {
  readonly name: NumericType;
  /** npyjs names types as NumPy's descr does, without the byte order. */
  readonly code: string;
  readonly itemBytes: number;
  /** Bytes that are reversed together when the byte order is foreign. */
  readonly wordBytes: number;
}

const facts: readonly TypeFacts[] = [
  { name: "bool", code: "b1", itemBytes: 1, wordBytes: 1 },
  { name: "uint8", code: "u1", itemBytes: 1, wordBytes: 1 },
  { name: "int8", code: "i1", itemBytes: 1, wordBytes: 1 },
  { name: "uint16", code: "u2", itemBytes: 2, wordBytes: 2 },
  { name: "int16", code: "i2", itemBytes: 2, wordBytes: 2 },
  { name: "uint32", code: "u4", itemBytes: 4, wordBytes: 4 },
  { name: "int32", code: "i4", itemBytes: 4, wordBytes: 4 },
  { name: "uint64", code: "u8", itemBytes: 8, wordBytes: 8 },
  { name: "int64", code: "i8", itemBytes: 8, wordBytes: 8 },
  { name: "float16", code: "f2", itemBytes: 2, wordBytes: 2 },
  { name: "float32", code: "f4", itemBytes: 4, wordBytes: 4 },
  { name: "float64", code: "f8", itemBytes: 8, wordBytes: 8 },
  { name: "complex64", code: "c8", itemBytes: 8, wordBytes: 4 },
  { name: "complex128", code: "c16", itemBytes: 16, wordBytes: 8 },
];

/** The list of accepted types for messages. */
export const acceptedTypes = facts.map(({ name }) => name).join(", ");

const maximumCharacters = 2 ** 28;

/** Reads a `descr` string such as `<f4` or `>U12`. */
export function parseType(descr: string): NpyType {
  const match = /^([<>|=]?)([a-zA-Z])(\d*)$/.exec(descr);
  if (!match) return { kind: "unsupported" };
  const [, order, letter, digits] = match;
  if (letter === "O") return { kind: "object" };
  const bigEndian = order === ">";
  if (letter === "U") {
    const characters = Number(digits);
    if (!digits || characters < 1 || characters > maximumCharacters) return { kind: "unsupported" };
    return { kind: "unicode", characters, itemBytes: 4 * characters, bigEndian };
  }
  // `?` and one-letter codes without a width never occur in files that NumPy wrote.
  const found = facts.find(({ code }) => code === `${letter}${digits}`);
  if (!found) return { kind: "unsupported" };
  return { kind: "numeric", name: found.name, itemBytes: found.itemBytes, bigEndian: bigEndian && found.wordBytes > 1 };
}

/** Facts of a numeric type. */
export function typeFacts(name: NumericType): TypeFacts {
  return facts.find((entry) => entry.name === name)!;
}

export function isInteger(name: NumericType): boolean {
  return name === "bool" || name.includes("int");
}

export function isComplex(name: NumericType): boolean {
  return name.startsWith("complex");
}

export function isFloat(name: NumericType): boolean {
  return name.startsWith("float");
}
