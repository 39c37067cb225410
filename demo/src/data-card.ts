// What was found in the scan, before anything is run.

import { button, element, factList } from "./dom.ts";
import { formatBytes, formatNumber, formatShape } from "./format.ts";
import { ImageView } from "./image-view.ts";
import { countOverlap } from "./overlap-map.ts";
import type { DataCard } from "./protocol.ts";
import { rewordFlags } from "./remedies.ts";
import { LARGEST_SHOWN_PX, thin, toLog } from "./scalar-image.ts";

export interface DataCardView {
  readonly root: HTMLElement;
  show(card: DataCard | null): void;
  /** A card that has been read makes room for the run; one click brings it back. */
  fold(folded: boolean): void;
}

const MOST_KEYS = 40;

export function createDataCard(): DataCardView {
  const overlap = new ImageView({ title: "Patterns per pixel", quantity: "count", unit: "", percentile: [0, 100] });
  const mean = new ImageView({ title: "Mean pattern, log₁₀", quantity: "log", unit: "", percentile: [0, 100] });
  const facts = element("div", {});
  const details = element("details", { open: true }, element("summary", {}, element("h2", {}, "What was found")));
  details.append(element("div", { class: "card-body" }, facts, overlap.root, mean.root));
  const root = element("section", { class: "panel card", hidden: true, "aria-label": "What was found" }, details);
  const dots = button("Positions", () => showPoints(dots.getAttribute("aria-pressed") !== "true"), {
    "aria-pressed": "true",
    title: "Show the scan positions",
  });
  let points: Float32Array | null = null;
  const showPoints = (shown: boolean) => {
    dots.setAttribute("aria-pressed", String(shown));
    overlap.setPoints(shown ? points : null);
  };
  overlap.root.querySelector(".tools")!.append(dots);
  return {
    root,
    show(card) {
      root.hidden = card === null;
      facts.replaceChildren(...(card ? describe(card) : []));
      if (!card) {
        for (const view of [overlap, mean]) view.setImage(null);
        return;
      }
      const map = countOverlap(card.positionsPx, [card.heightPx, card.widthPx]);
      points = map.points;
      overlap.setImage(map.image);
      showPoints(dots.getAttribute("aria-pressed") === "true");
      const pattern = { shape: [card.heightPx, card.widthPx] as const, values: card.meanPattern };
      mean.setImage(toLog(thin(pattern, LARGEST_SHOWN_PX)));
    },
    fold(folded) {
      details.open = !folded;
    },
  };
}

function describe(card: DataCard): HTMLElement[] {
  const yesNo = (value: boolean) => (value ? "yes" : "no");
  const parts: HTMLElement[] = [
    factList([
      ["File", `${card.name}, ${formatBytes(card.sizeBytes)}`],
      ["Patterns", `${card.patterns} of ${card.heightPx} × ${card.widthPx} pixels`],
      ["Values", describeQuantity(card)],
      ["Centring", card.centring],
      ["Overlap", card.overlap === null ? "not known" : `${Math.round(100 * card.overlap)} % of neighbouring probes`],
      ["Probe guess", yesNo(card.hasProbe)],
      ["True object", yesNo(card.hasTrueObject)],
      ["Scan range", describeRange(card.positionsPx)],
    ]),
  ];
  if (card.notes.length > 0) {
    const notes = card.notes.map((note) => element("li", {}, rewordFlags(note)));
    parts.push(element("ul", { class: "notes" }, ...notes));
  }
  const rows = card.keys
    .slice(0, MOST_KEYS)
    .map(({ name, dtype, shape }) =>
      element(
        "tr",
        {},
        element("td", {}, name),
        element("td", {}, dtype ?? "–"),
        element("td", {}, shape ? formatShape(shape) : "–"),
      ),
    );
  const head = element("tr", {}, ...["Key", "Type", "Shape"].map((title) => element("th", { scope: "col" }, title)));
  parts.push(
    element(
      "details",
      { class: "keys" },
      element("summary", {}, `${card.keys.length} arrays in the file`),
      element(
        "div",
        { class: "scroll", tabindex: 0 },
        element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)),
      ),
    ),
  );
  return parts;
}

function describeQuantity({ quantity, quantityStated }: DataCard): string {
  if (!quantityStated) return "the file does not say: choose under “How the file is read”";
  return quantity === "amplitude" ? "amplitude (square root of counts)" : "intensity (counts)";
}

function describeRange(positionsPx: Float32Array): string {
  const spans = [0, 1].map((axis) => {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = axis; i < positionsPx.length; i += 2) {
      low = Math.min(low, positionsPx[i]!);
      high = Math.max(high, positionsPx[i]!);
    }
    return formatNumber(high - low);
  });
  return `${spans[0]} × ${spans[1]} px (y × x)`;
}
