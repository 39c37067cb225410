// Results as NumPy would see them, without the project's own reader: members, dtypes, order, shapes, bodies.

import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";

export interface SeenArray {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  readonly body: Uint8Array;
}

/** The arrays of an .npz file by member name without `.npy`. */
export function readArrays(path: string): Map<string, SeenArray> {
  const members = Object.entries(unzipSync(new Uint8Array(readFileSync(path))));
  return new Map(members.map(([name, bytes]) => [name.replace(/\.npy$/, ""), readNpy(bytes)]));
}

function readNpy(bytes: Uint8Array): SeenArray {
  const text = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString("latin1");
  if (text(1, 6) !== "NUMPY" || bytes[6] !== 1) throw new Error("not an .npy file of version 1");
  const start = 10 + bytes[8]! + 256 * bytes[9]!;
  const header = text(10, start);
  // Python's tuples: (), (3,), (3, 4)
  const shapeText = /\(((?:\d+,)|(?:\d+(?:, ?\d+)+))?\)/.source;
  const pattern = `'descr': ?'([^']+)', ?'fortran_order': ?(True|False), ?'shape': ?${shapeText}`;
  const found = new RegExp(pattern).exec(header);
  if (!found) throw new Error(`unknown header ${header}`);
  const shape = (found[3] ?? "").split(",").filter((part) => part.trim() !== "");
  return { descr: found[1]!, fortranOrder: found[2] === "True", shape: shape.map(Number), body: bytes.slice(start) };
}

/** Numbers of a body: complex as pairs, text as one string. */
export function valuesOf({ descr, body }: SeenArray): number[] {
  const { buffer } = body.slice();
  switch (descr) {
    case "<f8":
      return Array.from(new Float64Array(buffer));
    case "<i8":
      return Array.from(new BigInt64Array(buffer), Number);
    case "<c8":
      return Array.from(new Float32Array(buffer));
    default:
      throw new Error(`no numbers: ${descr}`);
  }
}

/** The text of a 0-d unicode array. */
export function textOf({ descr, body }: SeenArray): string {
  if (!/^<U\d+$/.test(descr)) throw new Error(`no text: ${descr}`);
  return Array.from(new Uint32Array(body.slice().buffer), (point) => String.fromCodePoint(point)).join("");
}

/** The bytes that are equal when two results are: every array but `timestamp` and `reconstruction_time`. */
export function comparableBytes(path: string): Record<string, string> {
  const arrays = [...readArrays(path)].filter(([name]) => !["timestamp", "reconstruction_time"].includes(name));
  return Object.fromEntries(
    arrays.map(([name, { descr, shape, body }]) => [
      name,
      `${descr} (${shape}) ${Buffer.from(body).toString("base64")}`,
    ]),
  );
}
