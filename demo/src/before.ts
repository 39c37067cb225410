// What has to hold before anything else of the page or its workers is imported.

import { config } from "zod";

// zod would try `new Function`, which the page's policy forbids and the console reports
config({ jitless: true });

// Browsers under the C locale name a language that Intl refuses (en-US@posix), and uPlot asks Intl while it is imported.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US", configurable: true });
}
