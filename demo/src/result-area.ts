// What stays of a finished run on the page: its figures and files, the comparison with earlier ones, its images.

import type { AnalysisClient } from "./analysis-client.ts";
import { createComparePanel } from "./compare-panel.ts";
import { factsOf, refuse } from "./failure.ts";
import type { LiveViews } from "./live-views.ts";
import type { Notice } from "./notices.ts";
import type { Message } from "./protocol.ts";
import { createResultPanel } from "./result-panel.ts";

/** A result, and where its patterns lie on the canvas. */
export interface Finished {
  readonly message: Message<"finished">;
  /** Name of the scan. */
  readonly name: string;
  readonly adapterLine: string;
  /** [position, 2] (y, x) on the canvas. */
  readonly positionsPx: Float32Array;
}

export interface ResultSurroundings {
  readonly views: LiveViews;
  readonly notice: Notice;
  readonly analysis: () => AnalysisClient;
}

export class ResultArea {
  private readonly around: ResultSurroundings;
  private finished: Finished | null = null;
  private readonly panel = createResultPanel({
    drawPicture: (npz, status) => this.around.analysis().picture({ npz, title: this.finished?.name ?? "", status }),
    onError: (error) => this.around.notice.show("The picture could not be drawn", factsOf(error)),
  });
  private readonly compare = createComparePanel({
    compare: (previous) => this.compareWith(previous),
    onError: (error) => this.around.notice.show("The results cannot be compared", factsOf(error)),
  });
  readonly roots: readonly HTMLElement[] = [this.panel.root, this.compare.root];

  constructor(around: ResultSurroundings) {
    this.around = around;
  }

  /** There is a result, shown or hidden. */
  get held(): boolean {
    return this.finished !== null;
  }

  /** Of a run whose pictures are on the page already. */
  show(finished: Finished): void {
    this.finished = finished;
    this.around.views.finish(finished.message.result, finished.positionsPx);
    this.showPanels();
  }

  /** Makes room for another run; `restore` brings it back. */
  hide(): void {
    this.panel.show(null, "");
    this.compare.offer(false);
  }

  /** If there was a result: the canvases show something else by now, or nobody paints them any more. */
  restore(): void {
    if (!this.finished) return;
    const { message, positionsPx } = this.finished;
    this.showPanels();
    this.around.views
      .restore(message.result, positionsPx)
      .catch((error) => this.around.notice.show("The images cannot be shown", factsOf(error)));
  }

  forget(): void {
    this.finished = null;
    this.hide();
  }

  private showPanels(): void {
    this.panel.show(this.finished!.message, this.finished!.adapterLine);
    this.compare.offer(true);
  }

  private async compareWith(previous: File) {
    if (!this.finished) throw refuse("PAGE_NO_RESULT", "there is no result yet");
    const current = new Blob([this.finished.message.result.npz as Uint8Array<ArrayBuffer>]);
    return await this.around.analysis().compare({
      current,
      currentName: "the current result",
      previous,
      previousName: previous.name,
    });
  }
}
