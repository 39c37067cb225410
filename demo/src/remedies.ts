// The core's advice names flags of the command line; here it names the fields of the page.

import { listFields } from "./option-fields.ts";

interface NamedField {
  readonly label: string;
  readonly words: readonly string[];
}

/** Flags of the command line itself that stand for something on the page. */
const own: Readonly<Record<string, string>> = {
  intensity: "Values are: intensity",
  amplitude: "Values are: amplitude",
  overwrite: "Run",
};

/** Fields by the flag of their option: its path in kebab case, without `data`, `enabled` and, if it was left out, the unit. */
const fields = new Map(
  listFields().flatMap(({ fact, label }): [string, NamedField][] => {
    const parts = fact.path.filter((part, index) => !(part === "data" && index === 0) && part !== "enabled");
    const flag = parts
      .join("-")
      .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
      .toLowerCase();
    const words = fact.rules.flatMap((rule) => (rule.kind === "words" ? rule.words : []));
    return [flag, flag.replace(/-(px|bytes|m)$/, "")].map((name) => [name, { label, words }]);
  }),
);

const labels = new Map(listFields().map(({ fact, label }) => [fact.path.join("."), label]));

/** The label of an option that the core names by its path, else the name as it is. */
export function rewordOption(path: string): string {
  const label = labels.get(path) ?? labels.get(`data.${path}`);
  return label ? `“${label}”` : path;
}

/** A text for people who have a page in front of them: “Noise model: gaussian” for --noise-model gaussian. */
export function rewordFlags(text: string): string {
  const named = text.replace(/\b[a-z]+(\.[a-zA-Z]+)+\b/g, rewordOption);
  return named.replace(/--([a-z][a-z-]*[a-z])( [\w.-]*\w)?/g, (whole, flag: string, value = "") => {
    const said = own[flag];
    if (said) return `“${said}”${value}`;
    const off = flag.startsWith("no-") ? fields.get(flag.slice(3)) : undefined;
    if (off) return `“${off.label}: off”${value}`;
    const field = fields.get(flag);
    if (!field) return whole;
    if (field.words.includes(value.trim())) return `“${field.label}: ${value.trim()}”`;
    // a number, or a placeholder for one, goes into the field
    return /^ (\d[\w.]*|[A-Z]+)$/.test(value) ? `“${field.label}”` : `“${field.label}”${value}`;
  });
}
