// What went wrong, as people read it: what, where, expected, got, and what to do.

import { button, element, factList } from "./dom.ts";
import type { FailureFacts } from "./failure.ts";
import { rewordFlags, rewordOption } from "./remedies.ts";

export interface Notice {
  readonly root: HTMLElement;
  show(title: string, facts: FailureFacts, act?: { readonly label: string; readonly run: () => void }): void;
  clear(): void;
}

const LONGEST = 600;

export function createNotice(): Notice {
  const root = element("div", { class: "notice", role: "alert", tabindex: -1, hidden: true });
  const clear = () => {
    root.hidden = true;
    root.replaceChildren();
  };
  return {
    root,
    clear,
    show(title, { code, message, details }, act) {
      const parts = [
        element("h2", {}, title),
        element("p", { class: "what" }, inWords(sentenceOf(message, details, code))),
        factList([
          ["Where", details.field ? shorten(rewordOption(details.field)) : null],
          ["Expected", details.expected ? inWords(details.expected) : null],
          ["Got", details.got ? shorten(details.got) : null],
          ["Code", code],
        ]),
        details.remedy
          ? element("p", { class: "remedy" }, element("strong", {}, "What to do: "), inWords(details.remedy))
          : "",
        element("div", { class: "buttons" }, act ? button(act.label, act.run) : null, button("Close", clear)),
      ];
      root.replaceChildren(...parts);
      root.hidden = false;
      root.scrollIntoView({ block: "nearest" });
    },
  };
}

/** The message without what is listed below it: source, field, facts, remedy and code. */
function sentenceOf(message: string, details: FailureFacts["details"], code: string): string {
  let text = message.replace(` [${code}]`, "");
  if (details.remedy) text = text.replace(`. ${details.remedy}`, "");
  const where = [details.source, details.field].filter(Boolean).join(": ");
  if (where && text.startsWith(`${where}: `)) text = text.slice(where.length + 2);
  else if (details.source && text.startsWith(`${details.source}: `)) text = text.slice(details.source.length + 2);
  return text.replace(/ \((expected|got) [\s\S]*\)$/, "");
}

function inWords(text: string): string {
  return shorten(rewordFlags(text));
}

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
}
