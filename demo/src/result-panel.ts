// What a finished run leaves: its figures and its files.

import { button, download, element, factList } from "./dom.ts";
import { formatBytes, formatNumber, formatSeconds } from "./format.ts";
import type { Message } from "./protocol.ts";
import { rewordFlags } from "./remedies.ts";

export interface ResultPanel {
  readonly root: HTMLElement;
  show(finished: Message<"finished"> | null, adapterLine: string): void;
}

export interface ResultPanelEvents {
  /** The picture that the command line draws. */
  drawPicture(npz: Blob, status: string): Promise<Blob>;
  onError(error: unknown): void;
}

const statusWords: Readonly<Record<Message<"finished">["status"], string>> = {
  finished: "Finished",
  cancelled: "Stopped: the state of the last finished epoch",
  diverged: "Diverged: the state of the last good epoch",
};

export function createResultPanel(events: ResultPanelEvents): ResultPanel {
  const body = element("div", {});
  const root = element("section", { class: "panel result", hidden: true, "aria-label": "Result" }, body);
  return {
    root,
    show(finished, adapterLine) {
      root.hidden = finished === null;
      body.replaceChildren(); // what is not shown is not held
      if (!finished) return;
      const { result, status } = finished;
      const npz = result.npz as Uint8Array<ArrayBuffer>;
      const picture = button("reconstruction.png", async () => {
        picture.disabled = true;
        await events
          .drawPicture(new Blob([npz]), status)
          .then((png) => download("reconstruction.png", png))
          .catch((error) => events.onError(error));
        picture.disabled = false;
      });
      const notes = result.notes.map((note) => element("li", {}, rewordFlags(note)));
      body.replaceChildren(
        element("h2", {}, "Result"),
        factList([
          ["State", statusWords[status]],
          ["Diagnosis", result.diagnosis && rewordFlags(result.diagnosis)],
          ["Epochs", String(result.loss.length)],
          ["Last loss", result.loss.length > 0 ? formatNumber(result.loss.at(-1)!) : null],
          ["Time", formatSeconds(result.seconds)],
          ["Adapter", adapterLine],
        ]),
        notes.length > 0 ? element("ul", { class: "notes" }, ...notes) : "",
        element(
          "div",
          { class: "buttons" },
          button(`reconstruction.npz (${formatBytes(npz.byteLength)})`, () =>
            download("reconstruction.npz", new Blob([npz], { type: "application/zip" })),
          ),
          picture,
          button("run.json", () => download("run.json", new Blob([result.runText], { type: "application/json" }))),
        ),
        element("p", { class: "hint" }, "Every image has its own PNG button."),
      );
    },
  };
}
