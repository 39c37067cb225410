// The options of a run. Only what differs from the core's default is sent; the core checks it.

import { button, element } from "./dom.ts";
import { describeDefault, listFields, type OptionField } from "./option-fields.ts";
import { readTyped } from "./typed-value.ts";

/** Nested as the core's options are. */
export interface OptionValues {
  [name: string]: unknown;
}

export interface OptionsForm {
  readonly root: HTMLElement;
  values(): OptionValues;
  setDisabled(disabled: boolean): void;
  /** Asks for what the patterns hold, where the file does not say it; the answer reads the file again. */
  requireQuantity(required: boolean): void;
  /** How files are read, as chosen now. */
  readingText(): string;
  /** Back to the defaults of reading: what was chosen for one file is not meant for the next. */
  resetReading(): void;
  /** The card is up to date with what is chosen. */
  setRead(): void;
}

type Reader = () => unknown;

export interface OptionsFormEvents {
  /** The card is to be made again with what is chosen now. */
  onReadAgain(): void;
}

export function createOptionsForm(events: OptionsFormEvents): OptionsForm {
  const readers: { readonly field: OptionField; readonly read: Reader }[] = [];
  const fields = listFields();
  const rowsOf = (group: OptionField["group"]) =>
    fields
      .filter((field) => field.group === group)
      .map((field) => {
        const { row, read } = createRow(field);
        readers.push({ field, read });
        return row;
      });
  const fold = (title: string, rows: readonly HTMLElement[]) =>
    element("details", {}, element("summary", {}, title), element("div", { class: "fields" }, ...rows));
  const reading = fold("How the file is read", rowsOf("reading"));
  const stale = element("p", { class: "hint", hidden: true }, "“What was found” is of before this choice.");
  reading.append(
    stale,
    button("Read the file again", () => events.onReadAgain()),
  );
  let asked = false;
  let readText = "{}";
  const readingText = () =>
    JSON.stringify(
      readers.filter(({ field }) => field.group === "reading").map(({ field, read }) => [field.label, read() ?? null]),
    );
  const fieldset = element(
    "fieldset",
    {},
    element("legend", {}, element("h2", {}, "Options")),
    element("div", { class: "fields" }, ...rowsOf("main")),
    reading,
    fold("All other options", rowsOf("more")),
  );
  const root = element("section", { class: "panel options" }, element("form", { "aria-label": "Options" }, fieldset));
  root.addEventListener("change", ({ target }) => {
    const control = target as HTMLSelectElement;
    stale.hidden = readingText() === readText;
    if (!asked || control.id !== "option-data-quantity" || control.value === "") return;
    asked = false;
    control.removeAttribute("aria-invalid");
    events.onReadAgain();
  });
  root.addEventListener("submit", (event) => event.preventDefault());
  return {
    root,
    values() {
      const values: OptionValues = {};
      for (const { field, read } of readers) {
        const value = read();
        if (value !== undefined) setAt(values, field.fact.path, value);
      }
      return values;
    },
    setDisabled(disabled) {
      fieldset.disabled = disabled;
    },
    requireQuantity(required) {
      const select = root.querySelector<HTMLSelectElement>("#option-data-quantity")!;
      select.options[0]!.textContent = required ? "please choose" : "auto";
      asked = required && select.value === "";
      if (asked) select.setAttribute("aria-invalid", "true");
      else select.removeAttribute("aria-invalid");
      if (required) reading.open = true;
    },
    readingText,
    resetReading() {
      const controls = reading.querySelectorAll<HTMLSelectElement | HTMLInputElement>("select, input");
      for (const control of Array.from(controls)) {
        if (control instanceof HTMLSelectElement) {
          const byDefault = Array.from(control.options).findIndex((option) => option.defaultSelected);
          control.selectedIndex = Math.max(0, byDefault);
        } else if (control.type === "checkbox") control.checked = control.defaultChecked;
        else control.value = "";
      }
    },
    setRead() {
      readText = readingText();
      stale.hidden = true;
    },
  };
}

function setAt(values: OptionValues, path: readonly string[], value: unknown): void {
  let at = values;
  for (const name of path.slice(0, -1)) at = (at[name] ??= {}) as OptionValues;
  at[path.at(-1)!] = value;
}

function createRow(field: OptionField): { readonly row: HTMLElement; readonly read: Reader } {
  const id = `option-${field.fact.path.join("-")}`;
  const { control, read } = createControl(field, id);
  const label = element("label", { for: id, title: field.fact.description }, field.label);
  const unit = field.unit ? element("span", { class: "unit" }, field.unit) : null;
  return { row: element("div", { class: "field" }, label, element("span", { class: "entry" }, control, unit)), read };
}

function createControl(
  { fact, label }: OptionField,
  id: string,
): { readonly control: HTMLElement; readonly read: Reader } {
  const byDefault = describeDefault(fact.defaultValue);
  const words = fact.rules.flatMap((rule) => (rule.kind === "words" ? rule.words : []));
  const number = fact.rules.find((rule) => rule.kind === "number");
  const list = fact.rules.some((rule) => rule.kind === "list");
  if (typeof fact.defaultValue === "boolean") {
    const control = element("input", { id, type: "checkbox", checked: fact.defaultValue });
    return { control, read: () => (control.checked === fact.defaultValue ? undefined : control.checked) };
  }
  if (words.length > 0 && !number) {
    const control = element("select", { id });
    if (fact.defaultValue === null) control.append(element("option", { value: "" }, "auto"));
    for (const word of words) {
      control.append(element("option", { value: word, selected: word === fact.defaultValue }, word));
    }
    return {
      control,
      read: () => (control.value === "" || control.value === fact.defaultValue ? undefined : control.value),
    };
  }
  const control = element("input", {
    id,
    type: number && words.length === 0 && !list ? "number" : "text",
    step: number?.kind === "number" && number.integer ? 1 : "any",
    min: number?.kind === "number" ? number.minimum : null,
    placeholder: byDefault,
    inputmode: "decimal",
    autocomplete: "off",
    title: `${fact.description || label}. Default: ${byDefault}`,
  });
  // A number field gives no text for what it cannot read; the core must not take that for the default.
  return { control, read: () => (control.validity.badInput ? Number.NaN : readTyped(control.value, list)) };
}
