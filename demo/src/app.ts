// The application: the state of the page, and who is told when it changes.

import { type AdapterFacts, formatAdapterLine } from "ptycho-webgpu";
import finishedPictureUrl from "../../fixtures/pictures/demo.png?url";
import { AnalysisClient } from "./analysis-client.ts";
import builtInScanUrl from "./built-in-scan.npz?url";
import { ReconstructionClient } from "./client.ts";
import { createDataCard } from "./data-card.ts";
import { createDropZone } from "./drop-zone.ts";
import { adviseOnFile, type FailureFacts, factsOf, refuse } from "./failure.ts";
import { pauseWhileHidden } from "./hidden-tab.ts";
import { LiveViews } from "./live-views.ts";
import { askForMemory } from "./memory.ts";
import { createNotice } from "./notices.ts";
import { createOptionsForm } from "./options-form.ts";
import type { DataCard, Message, Order, RequestId } from "./protocol.ts";
import { ResultArea } from "./result-area.ts";
import { createRunPanel } from "./run-panel.ts";
import { isActive, nextStage, type Stage, type Step } from "./state.ts";
import { createUnavailable, type Lack } from "./unavailable.ts";
import { loadWorkers } from "./workers.ts";

type ReadingOptions = Order<"inspect">["options"];

interface ChosenFile {
  readonly file: Blob;
  readonly name: string;
}

const endWords: Readonly<Record<Message<"finished">["status"], string>> = {
  finished: "Finished",
  cancelled: "Stopped",
  diverged: "Diverged: see the result",
};

export class App {
  private stage: Stage = "opening";
  private readonly side: HTMLElement;
  private readonly content: HTMLElement;
  private readonly adapter: HTMLElement;
  private client: ReconstructionClient | null = null;
  private analysis: AnalysisClient | null = null;
  private builtIn: Promise<Blob> | null = null;
  private card: DataCard | null = null;
  /** Count files and runs, so that what belongs to an earlier one is not shown. */
  private readTurn = 0;
  private reading = false;
  private turn = 0;
  /** What the visitor, or the page itself at first, chose last; read as soon as there is a device. */
  private chosen: ChosenFile | null = null;
  /** The scan of the card; `scan` is the worker's name for it. */
  private accepted: (ChosenFile & { readonly scan: RequestId; readonly readingText: string }) | null = null;

  private readonly notice = createNotice();
  private readonly drop = createDropZone({
    onFile: (file) => {
      this.forgetReading();
      void this.read(file, file.name);
    },
    onBuiltIn: () => {
      this.forgetReading();
      void this.readBuiltIn();
    },
    onRefused: (error) => this.notice.show("This cannot be read", factsOf(error)),
  });
  private readonly dataCard = createDataCard();
  private readonly options = createOptionsForm({
    onReadAgain: () => {
      const again = this.accepted ?? this.chosen;
      if (again) void this.read(again.file, again.name);
    },
  });
  private readonly runPanel = createRunPanel({
    onRun: () => void this.run(),
    onPause: () => {
      this.hiddenTab.forget();
      this.pause();
    },
    onResume: () => this.resume(),
    onStop: () => this.stop(),
  });
  private readonly hiddenTab = pauseWhileHidden({
    isRunning: () => this.stage === "running",
    isPaused: () => this.stage === "paused",
    pause: () => this.pause(),
    resume: () => this.resume(),
  });
  private readonly views = new LiveViews({
    attachCanvas: (view, canvas) => this.client?.attachCanvas(view, canvas),
    setView: (view, settings) => this.client?.setView(view, settings),
    drawImage: (picture) => this.analysis!.image(picture),
    computeNumbers: (request) => this.analysis!.numbers(request),
    onError: (error) => this.notice.show("The image could not be drawn", factsOf(error)),
  });
  private readonly results = new ResultArea({
    views: this.views,
    notice: this.notice,
    analysis: () => this.analysis!,
  });

  constructor(side: HTMLElement, content: HTMLElement, adapter: HTMLElement) {
    this.side = side;
    this.content = content;
    this.adapter = adapter;
  }

  /** Replaces the page by what this browser lacks. */
  showUnavailable(lack: Lack, facts: FailureFacts | null): void {
    this.stage = "unavailable";
    this.adapter.textContent = lack === "incomplete" ? "Not started" : "No usable graphics adapter";
    this.side.remove();
    this.content.replaceChildren(createUnavailable(lack, facts, finishedPictureUrl));
    document.querySelector("main")!.classList.add("alone");
  }

  async begin(): Promise<void> {
    // Everything that will be needed is fetched now: from here on the page works without a network.
    this.builtIn = fetch(builtInScanUrl).then((response) => response.blob());
    this.builtIn.catch(() => undefined); // told when it is wanted
    this.side.append(this.drop.root, this.options.root, this.runPanel.root);
    addEventListener("beforeunload", (event) => {
      if (isActive(this.stage)) event.preventDefault(); // a reload would end the run without a word
    });
    this.content.append(this.notice.root, this.dataCard.root, this.views.root, ...this.results.roots);
    const makers = await loadWorkers();
    this.analysis = new AnalysisClient(makers.analysis);
    this.client = new ReconstructionClient(makers.reconstruction, {
      onGone: (reason, replaced) => void this.recover(reason, replaced),
      onDeviceLost: (reason) => this.showLoss(reason),
      onRange: (range) => this.views.setRange(range),
    });
    this.views.attachCanvases();
    if (!(await this.openDevice())) return;
    if (this.chosen) await this.read(this.chosen.file, this.chosen.name);
    else await this.readBuiltIn();
  }

  private take(step: Step, detail?: string): boolean {
    const next = nextStage(this.stage, step);
    if (next === null) return false;
    this.stage = next;
    document.documentElement.dataset.stage = next;
    this.runPanel.setStage(next, detail);
    this.options.setDisabled(isActive(next));
    return true;
  }

  private async openDevice(): Promise<boolean> {
    try {
      const { line } = await this.client!.openDevice();
      this.adapter.textContent = line;
      this.take("device-opened");
      return true;
    } catch (error) {
      const facts = factsOf(error);
      if (facts.code !== "WORKER_GONE") this.giveUp(facts);
      return false;
    }
  }

  /** What was chosen for the scan of the card is not meant for another; what was chosen since then is. */
  private forgetReading(): void {
    if (this.accepted && this.accepted.readingText === this.options.readingText()) this.options.resetReading();
  }

  private async readBuiltIn(): Promise<void> {
    const turn = ++this.readTurn;
    try {
      const file = await this.builtIn!;
      if (turn === this.readTurn) await this.read(file, "built-in scan");
    } catch (error) {
      this.notice.show("The built-in scan could not be fetched", factsOf(error));
    }
  }

  /** A run under way goes on until the new scan is accepted. `again`: for a new worker, all else stays as it is. */
  private async read(file: Blob, name: string, again = false): Promise<void> {
    const before = this.card;
    const turn = ++this.readTurn;
    const keepResult = again && this.results.held;
    this.chosen = { file, name };
    if (!again) this.notice.clear();
    this.drop.setReading(name);
    if (this.stage === "opening") return; // it is read when there is a device
    if (!isActive(this.stage) && !this.take("file-chosen")) return;
    this.reading = true;
    try {
      const { data, canvas } = this.options.values();
      const readingText = this.options.readingText();
      const { card, id } = await this.client!.inspect(file, name, { data, canvas } as ReadingOptions);
      if (turn !== this.readTurn) return;
      this.accepted = { file, name, scan: id, readingText };
      this.options.setRead();
      this.turn++;
      if (this.stage !== "reading") this.take("file-chosen");
      this.card = card;
      this.dataCard.show(card);
      this.dataCard.fold(keepResult);
      this.options.requireQuantity(!card.quantityStated);
      if (!keepResult) {
        this.views.hide();
        this.results.forget();
      }
      this.runPanel.setProgress(null);
      const ready = `Ready to run ${card.patterns} patterns`;
      this.take("file-read", card.quantityStated ? ready : "Say what the values are, under “How the file is read”");
    } catch (error) {
      if (turn !== this.readTurn) return;
      const facts = adviseOnFile(factsOf(error));
      const readAgain = { label: "Read it again with these options", run: () => void this.read(file, name) };
      // options help with what an archive holds, not with what is none
      this.notice.show(`${name} cannot be used`, facts, facts.code.startsWith("DATA_") ? readAgain : undefined);
      if (this.stage === "reading") {
        this.take(before ? "file-kept" : "file-refused", before ? `Kept: ${before.name}` : undefined);
      }
    } finally {
      if (turn === this.readTurn) {
        this.reading = false;
        this.drop.setReading(null);
      }
    }
  }

  private async run(resume = false, consented = false): Promise<void> {
    if (!this.card || !this.accepted || this.reading) return;
    const values = this.options.values();
    const question = askForMemory(this.card, values);
    if (question && !consented) {
      const goOn = { label: "Run all the same", run: () => void this.run(resume, true) };
      return this.notice.show("This run needs much memory", question, goOn);
    }
    if (!this.take("run")) return;
    this.hiddenTab.forget();
    const turn = ++this.turn;
    let started: Message<"started"> | null = null;
    let begun = false;
    const { name, heightPx, widthPx } = this.card;
    this.notice.clear();
    this.dataCard.fold(true);
    this.runPanel.setProgress(null);
    try {
      const finished = await this.client!.start(
        values,
        (report) => {
          if (turn !== this.turn) return;
          begun = true; // the worker has emptied its canvases
          if (report.type === "started") {
            started = report;
            this.results.hide(); // until here a refusal leaves the one before as it is
            this.views.begin(report, [heightPx, widthPx]);
          } else if (report.type === "progress") {
            this.runPanel.setProgress(report);
            this.views.addProgress(report);
          } else this.views.setPattern(report);
        },
        { resume, scan: this.accepted.scan },
      );
      if (turn !== this.turn) return;
      const { positionsPx } = started!;
      const adapterLine = formatAdapterLine(finished.result.run.adapter as AdapterFacts);
      this.adapter.textContent = adapterLine; // a lost device may have come back as another
      this.results.show({ message: finished, name, adapterLine, positionsPx });
      this.take("ended", endWords[finished.status]);
      if (this.reading) this.take("file-chosen"); // the next scan is on its way
    } catch (error) {
      if (turn !== this.turn) return;
      const facts = factsOf(error);
      if (facts.code === "WORKER_GONE") return; // recover() tells
      if (begun) this.results.restore();
      if (facts.code === "WORKER_SCAN") {
        // another file was accepted there and then left for one that was refused
        this.take("failed");
        return void this.read(this.accepted.file, this.accepted.name, true);
      }
      const goOn = { label: "Go on with a new device", run: () => void this.run(true) };
      if (facts.code === "STOPPED") {
        this.take("failed", "Stopped before there was a result");
        if (this.reading) this.take("file-chosen");
        return;
      }
      this.notice.show("The run failed", facts, /^GPU_(LOST|GONE)$/.test(facts.code) ? goOn : undefined);
      this.dataCard.fold(false);
      this.take("failed");
      if (this.reading) this.take("file-chosen");
    }
  }

  private pause(): void {
    if (this.take("pause", "Pausing after this epoch")) this.client!.pause();
  }

  private resume(): void {
    if (this.take("resume")) this.client!.resume();
  }

  private stop(): void {
    if (this.take("stop")) void this.client!.stop();
  }

  private showLoss(reason: string): void {
    this.notice.show("The graphics adapter was lost", {
      code: "GPU_LOST",
      message: reason,
      details: { remedy: "A run under way goes on by itself once, on a new device" },
      recoverable: true,
    });
  }

  /** Nothing can be run any more: the page says so, beside the result if there is one. */
  private giveUp(facts: FailureFacts): void {
    if (this.results.held) {
      this.take("device-refused");
      const details = { ...facts.details, remedy: "Save the result and reload the page" };
      this.notice.show("Nothing can be run any more", { ...facts, details });
    } else this.showUnavailable("no-adapter", facts);
  }

  /** A worker that died is replaced; what was finished stays, and the scan is read again unless reading it was the end. */
  private async recover(reason: string, replaced: boolean): Promise<void> {
    const facts = factsOf(refuse("WORKER_GONE", `the worker that computes ended: ${reason}`));
    if (this.stage === "unavailable") return;
    // a scan whose reading was the end is not read again; one that was there before is
    const killer = this.reading ? this.chosen : null;
    const again = this.accepted && this.accepted.file !== killer?.file ? this.accepted : null;
    this.chosen = again;
    this.accepted = null;
    this.turn++;
    this.readTurn++;
    this.reading = false;
    this.card = null;
    this.drop.setReading(null);
    this.take("worker-gone");
    this.views.hide();
    this.results.restore();
    if (!replaced) return this.giveUp(facts);
    this.notice.show("The computation ended unexpectedly", facts);
    this.views.attachCanvases();
    if (!(await this.openDevice())) return;
    if (!this.chosen) this.dataCard.show(null);
    else await this.read(this.chosen.file, this.chosen.name, this.chosen === again);
  }
}
