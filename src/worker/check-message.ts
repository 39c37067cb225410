// Messages are checked as manifests are: what a page sends by mistake is named, not guessed.

import { z } from "zod";
import { OptionsError } from "../errors.ts";
import { previewViews, type ToWorker } from "./messages.ts";

// z.string() would bring all its formats into every page
const text = z.custom<string>((value) => typeof value === "string", "expected text");
const id = z.number().or(text);
const view = z.enum(previewViews);
const pair = z.tuple([z.number(), z.number()]);
const file = { id, file: z.instanceof(Blob), name: text };

const schema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("open-device"), id }),
  z.object({ type: z.literal("inspect"), ...file, options: z.unknown().optional() }), // parseOptions looks at them
  z.object({
    type: z.literal("start"),
    id,
    options: z.unknown(),
    scan: id.optional(),
    previewEvery: z.int().min(0).optional(),
    resume: z.boolean().optional(),
  }),
  z.object({ type: z.enum(["pause", "resume", "stop"]), id }),
  z.object({
    type: z.literal("attach-canvas"),
    view,
    canvas: z.custom((value) => typeof (value as OffscreenCanvas | null)?.getContext === "function"),
  }),
  z.object({
    type: z.literal("view"),
    view,
    settings: z.object({
      quantity: z.enum(["phase", "amplitude"]),
      range: pair.nullable(),
      percentile: z.tuple([z.number().min(0).max(100), z.number().min(0).max(100)]),
      zoom: z.number().positive(),
      centrePx: pair.nullable(),
      mode: z.int().min(0).optional(),
      sizePx: z.tuple([z.int().min(1).max(8192), z.int().min(1).max(8192)]).optional(),
    }),
  }),
  z.object({ type: z.literal("load-result"), ...file }),
]);

/** The message, if it is one. Throws OptionsError WORKER_MESSAGE naming the field. */
export function checkMessage(message: unknown): ToWorker {
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data as ToWorker;
  const issue = parsed.error.issues[0]!;
  throw new OptionsError("WORKER_MESSAGE", "the worker does not understand the message", {
    field: issue.path.join(".") || "type",
    got: issue.message,
  });
}
