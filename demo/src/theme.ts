// Light, dark, or as the system says; kept in memory only.

import { button } from "./dom.ts";

const themes = ["auto", "light", "dark"] as const;

/** A button that goes through the themes; tells plots by the event "themechange". */
export function createThemeSwitch(): HTMLButtonElement {
  let at = 0;
  const show = () => {
    const theme = themes[at]!;
    document.documentElement.dataset.theme = theme;
    made.textContent = `Theme: ${theme}`;
    document.dispatchEvent(new Event("themechange"));
  };
  const made = button("", () => {
    at = (at + 1) % themes.length;
    show();
  });
  show();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  return made;
}
