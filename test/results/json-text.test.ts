// JSON of records: it parses to what went in, numbers without a word in JSON are text and named, lines as people read them.
import { expect, test } from "vitest";
import { formatJson, formatRecord, JsonRows } from "../../src/results/json-text.ts";

test("one line per member, lists of plain values and of such lists on one line, others item by item", () => {
  const value = {
    text: 'a "b"',
    none: null,
    left: undefined,
    yes: true,
    empty: { inner: undefined },
    list: [],
    typed: Float64Array.of(1, 0.5),
    pairs: [
      [1, 2],
      [3, 4],
    ],
    objects: [{ a: 1 }, {}],
    mixed: [1, [{ a: 2 }]],
  };
  const { text, nonFinite } = formatJson(value);
  expect(text).toBe(`{
  "text": "a \\"b\\"",
  "none": null,
  "yes": true,
  "empty": {},
  "list": [],
  "typed": [1, 0.5],
  "pairs": [[1, 2], [3, 4]],
  "objects": [
    {
      "a": 1
    },
    {}
  ],
  "mixed": [
    1,
    [
      {
        "a": 2
      }
    ]
  ]
}`);
  expect(nonFinite).toEqual([]);
});

test("numbers that are not finite are text; a record lists their paths, the last ones too", () => {
  const record = { loss: Float64Array.of(1, Number.NaN), deep: [{ a: { b: -Infinity } }], last: Infinity };
  const paths = ["loss[1]", "deep[0].a.b", "last"];
  expect(formatJson(record).nonFinite).toEqual(paths);
  const text = formatRecord(record).join("");
  expect(text.endsWith("\n")).toBe(true);
  expect(JSON.parse(text)).toEqual({
    loss: [1, "NaN"],
    deep: [{ a: { b: "-Infinity" } }],
    last: "Infinity",
    nonFinite: paths,
  });
  expect(JSON.parse(formatRecord({ a: 1 }).join(""))).toEqual({ a: 1, nonFinite: [] });
});

test("rows of a flat array", () => {
  const record = { rows: new JsonRows(Float32Array.of(1, 2, Number.NaN, 4), 2), none: new JsonRows([], 2) };
  const { text, nonFinite } = formatJson(record);
  expect(text).toBe('{\n  "rows": [[1, 2], ["NaN", 4]],\n  "none": []\n}');
  expect(nonFinite).toEqual(["rows[1][0]"]);
});

test("values at the top, and long lists in pieces", () => {
  expect(formatJson(3).text).toBe("3");
  expect(formatJson([]).text).toBe("[]");
  expect(formatJson({}).text).toBe("{}");
  const pairs = Array.from({ length: 20000 }, (_, j) => [j, j / 7]);
  const pieces = formatRecord({ pairs });
  expect(pieces.length).toBeGreaterThan(5);
  expect(JSON.parse(pieces.join("")).pairs).toEqual(pairs);
});
