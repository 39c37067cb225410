// Pointer, wheel and keys on an image: drag pans, pinch and the wheel of whoever asked for it zoom, Shift or line mode
// draws a line. Everything else is left to the page, so that it scrolls past its images.

/** What the gestures ask for; points and distances (y, x) as shares of the stage. */
export interface GestureTarget {
  pan(by: readonly [number, number]): void;
  /** True when there is something to see of it. */
  zoom(factor: number, at: readonly [number, number]): boolean;
  reset(): void;
  line(from: readonly [number, number], to: readonly [number, number]): void;
  /** Whether a plain drag draws a line instead of panning. */
  drawsLines(): boolean;
}

const KEY_PAN = 0.1;
const KEY_ZOOM = 1.5;

/** Listens on `stage` for as long as it lives. */
export function followPointers(stage: HTMLElement, target: GestureTarget): void {
  const pointers = new Map<number, readonly [number, number]>();
  let lineStart: readonly [number, number] | null = null;
  const place = (event: MouseEvent): [number, number] => {
    const box = stage.getBoundingClientRect();
    return [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
  };

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    lineStart = pointers.size === 1 && (event.shiftKey || target.drawsLines()) ? place(event) : null;
  });
  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const here = place(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, here);
    if (lineStart) target.line(lineStart, here);
    else if (other) {
      const distance = (point: readonly [number, number]) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      const middle: [number, number] = [(here[0] + other[0]) / 2, (here[1] + other[1]) / 2];
      if (distance(before) > 0) target.zoom(distance(here) / distance(before), middle);
    } else target.pan([here[0] - before[0], here[1] - before[1]]);
  });
  for (const type of ["pointerup", "pointercancel"] as const) {
    stage.addEventListener(type, (event) => {
      pointers.delete(event.pointerId);
      lineStart = null;
    });
  }
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== stage) return;
      const factor = Math.exp(-Math.sign(event.deltaY) * Math.min(0.4, Math.abs(event.deltaY) / 400));
      if (target.zoom(factor, place(event))) event.preventDefault();
    },
    { passive: false },
  );
  stage.addEventListener("dblclick", () => target.reset());
  const keys: Readonly<Record<string, () => unknown>> = {
    ArrowUp: () => target.pan([KEY_PAN, 0]),
    ArrowDown: () => target.pan([-KEY_PAN, 0]),
    ArrowLeft: () => target.pan([0, KEY_PAN]),
    ArrowRight: () => target.pan([0, -KEY_PAN]),
    "+": () => target.zoom(KEY_ZOOM, [0.5, 0.5]),
    "=": () => target.zoom(KEY_ZOOM, [0.5, 0.5]),
    "-": () => target.zoom(1 / KEY_ZOOM, [0.5, 0.5]),
    "0": () => target.reset(),
  };
  stage.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
}
