// Whether a run may take more memory than a page should without asking.

import { type FailureFacts, refuse } from "./failure.ts";
import { formatBytes } from "./format.ts";
import type { OptionValues } from "./options-form.ts";
import type { DataCard } from "./protocol.ts";

/** Above this a page asks first: tabs of small machines are ended without a word. */
const CONSENT_BYTES = 2 ** 30;

/** What to ask before such a run; null when there is nothing to ask. */
export function askForMemory(card: DataCard, values: OptionValues): FailureFacts | null {
  const neededBytes = estimateBytes(card, values);
  if (neededBytes <= CONSENT_BYTES) return null;
  return refuse("PAGE_MEMORY", "the patterns of this scan fill much of what a browser gives a page", {
    expected: `at most ${formatBytes(CONSENT_BYTES)} without asking`,
    got: `about ${formatBytes(neededBytes)}`,
    remedy: "Choose “Only the first” so many patterns, use the command line, or go on: a phone may end the page",
  }).facts;
}

/** float32 patterns, which are most of what a run holds. */
function estimateBytes({ patterns, heightPx, widthPx }: DataCard, values: OptionValues): number {
  const first = (values.data as OptionValues | undefined)?.firstPatterns;
  // what is no number is refused by the core
  const used = typeof first === "number" && first < patterns ? first : patterns;
  return 4 * used * heightPx * widthPx;
}
