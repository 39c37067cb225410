// For browsers that cannot run this: what is missing, what to do, and what a finished run looks like.

import { element } from "./dom.ts";
import type { FailureFacts } from "./failure.ts";
import { rewordFlags } from "./remedies.ts";

/** What kept the page from an adapter. */
export type Lack = "insecure" | "no-webgpu" | "no-adapter" | "incomplete";

/** What the browser lacks, known before anything is tried; null when it may work. */
export function findLack(scope: { readonly isSecureContext: boolean; readonly navigator: object }): Lack | null {
  if (!scope.isSecureContext) return "insecure";
  return "gpu" in scope.navigator && scope.navigator.gpu ? null : "no-webgpu";
}

const words: Readonly<
  Record<Lack, { readonly title: string; readonly what: string; readonly todo: readonly string[] }>
> = {
  insecure: {
    title: "This address cannot use WebGPU",
    what: "The page came over plain http. Browsers offer WebGPU to https addresses and to localhost only.",
    todo: [
      "Open the same page over https.",
      "Or serve it from your own machine and open http://localhost: npm run demo:web.",
    ],
  },
  incomplete: {
    title: "The page did not start",
    what: "A part of it could not be fetched or started.",
    todo: ["Reload the page.", "Or serve it from your own machine and open http://localhost: npm run demo:web."],
  },
  "no-webgpu": {
    title: "This browser has no WebGPU",
    what: "Reconstruction runs in WebGPU compute shaders, and this browser does not offer them.",
    todo: [
      "Chrome or Edge 132 or later on Windows, macOS, ChromeOS and Android.",
      "Chrome 144 or later on Linux with Intel graphics, 147 or later with an NVIDIA card; else switch on chrome://flags/#enable-unsafe-webgpu.",
      "Safari 26 on macOS, iOS and iPadOS 26. Firefox 141 on Windows, 145 on Apple silicon.",
      "Without any of them: the command line runs on every machine; in a checkout: npx ptycho reconstruct scan.npz --output out.",
    ],
  },
  "no-adapter": {
    title: "No usable graphics adapter",
    what: "This browser knows WebGPU but found no adapter that can run the reconstruction.",
    todo: [
      "In Chrome or Edge, version 132 or later is needed; look at chrome://gpu: “WebGPU” must say “Hardware accelerated”. Switch on “Use graphics acceleration when available” in the settings and restart.",
      "Update the graphics driver. On Linux with other cards: chrome://flags/#enable-unsafe-webgpu and #enable-vulkan.",
      "Without a graphics card: the command line brings a software driver; in a checkout: npx ptycho reconstruct scan.npz --output out.",
    ],
  },
};

/** The page for a lack, with the refusal in its own words and the picture at `pictureUrl`. */
export function createUnavailable(lack: Lack, facts: FailureFacts | null, pictureUrl: string): HTMLElement {
  const { title, what, todo } = words[lack];
  const said = facts ? element("p", { class: "said" }, rewordFlags(facts.message)) : null;
  return element(
    "section",
    { class: "panel unavailable" },
    element("h2", {}, title),
    element("p", {}, what),
    element("h3", {}, "What to do"),
    element("ul", {}, ...todo.map((line) => element("li", {}, line))),
    said,
    element(
      "figure",
      { class: "sample" },
      element("img", {
        src: pictureUrl,
        alt: "A finished reconstruction: amplitude and phase of the object and of the probe, and the falling loss",
      }),
      element("figcaption", {}, "A finished run of a synthetic scan: object, probe and loss."),
    ),
  );
}
