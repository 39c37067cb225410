// Messages of errors: one sentence with every fact once.
import { expect, it } from "vitest";
import { InputError } from "../src/errors.ts";

it("a sentence of the contract, which names field, expectation and type, gets nothing twice", () => {
  const details = { source: "a.npz", field: "diff3d", expected: "float32 amplitude", got: "uint16", remedy: "Do this" };
  const error = new InputError(
    "DATA_QUANTITY",
    "diff3d must be float (amplitude), got dtype=uint16. DATA-001",
    details,
  );
  expect(error.message).toBe(
    "a.npz: diff3d must be float (amplitude), got dtype=uint16. DATA-001. Do this [DATA_QUANTITY]",
  );
  expect(error.details).toEqual(details);
});

it("other messages get source, field, expectation and value", () => {
  const details = { source: "a.npz", field: "x", expected: "1 axis", got: "2 axes", offset: 5 };
  expect(new InputError("DATA_RANK", "x must be a vector", details).message).toBe(
    "a.npz: x must be a vector (expected 1 axis, got 2 axes, at byte 5) [DATA_RANK]",
  );
  expect(new InputError("DATA_RANK", "not a vector", details).message).toBe(
    "a.npz: x: not a vector (expected 1 axis, got 2 axes, at byte 5) [DATA_RANK]",
  );
});
