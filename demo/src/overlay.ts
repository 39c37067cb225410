// What lies over an image: scan positions and the line of a profile. Drawn once per frame, however often the pointer moves.

import { element, oncePerFrame } from "./dom.ts";
import type { Line } from "./scalar-image.ts";
import { toStage, type Viewport } from "./viewport.ts";

export interface OverlayContent {
  readonly view: Viewport;
  readonly shape: readonly [number, number];
  /** [point, 2] (y, x) in image pixels. */
  readonly points: ArrayLike<number> | null;
  readonly line: Line | null;
}

const RADIUS_PX = 2.5;

/** `content` is asked when a frame is drawn. */
export function createOverlay(sidePx: number, content: () => OverlayContent) {
  const canvas = element("canvas", { width: sidePx, height: sidePx });
  let empty = true;
  const draw = oncePerFrame(() => {
    const { view, shape, points, line } = content();
    if (empty && !points && !line) return; // a canvas costs time with its first use
    empty = !points && !line;
    const context = canvas.getContext("2d")!;
    context.clearRect(0, 0, sidePx, sidePx);
    const place = (point: readonly [number, number]) =>
      toStage(view, shape, point).map((part) => part * sidePx) as [number, number];
    if (points) drawDots(context, points, place);
    if (line) drawLine(context, place(line[0]), place(line[1]));
  });
  return { canvas, draw };
}

/** All in one path: ten thousand of them one by one would hold up the page. */
function drawDots(
  context: CanvasRenderingContext2D,
  points: ArrayLike<number>,
  place: (point: readonly [number, number]) => [number, number],
): void {
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const [y, x] = place([points[i]!, points[i + 1]!]);
    if (Math.min(x, y) < -RADIUS_PX || Math.max(x, y) > context.canvas.width + RADIUS_PX) continue;
    context.moveTo(x + RADIUS_PX, y);
    context.arc(x, y, RADIUS_PX, 0, 2 * Math.PI);
  }
  context.fillStyle = "#fff";
  context.strokeStyle = "#000";
  context.lineWidth = 1;
  context.fill();
  context.stroke();
}

function drawLine(
  context: CanvasRenderingContext2D,
  from: readonly [number, number],
  to: readonly [number, number],
): void {
  context.beginPath();
  context.moveTo(from[1], from[0]);
  context.lineTo(to[1], to[0]);
  for (const [colour, width] of [
    ["#000", 5],
    ["#fff", 2],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}
