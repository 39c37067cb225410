// What Phase D said about an input in its `_metadata` (spec: study.md sections 3.1, 3.2, 5.5). Unknown is null, never 0.

/** The five fields that go to an overlap job's result. */
export interface Telemetry {
  readonly selection_strategy: "direct" | "greedy" | null;
  /** In [0, 1]. */
  readonly acceptance_rate: number | null;
  /** Pixels. */
  readonly spacing_threshold: number | null;
  readonly n_accepted: number | null;
  readonly n_rejected: number | null;
}

/** What became of `_metadata`; fits the data reader's statuses absent, read, text, skipped. */
export interface ReadMetadata {
  readonly status: string;
  /** Decoded JSON when the status is `read`. */
  readonly value?: unknown;
}

/**
 * Telemetry of an input; null for the baseline, which has none. Version 2 of the metadata has none of the five, pickled or
 * absent metadata neither: all are null then, and so is every field of another type or range.
 */
export function readTelemetry(view: string, metadata: ReadMetadata): Telemetry | null {
  if (view === "baseline") return null;
  const fields = metadata.status === "read" ? metadata.value : null;
  const field = (name: string): unknown =>
    typeof fields === "object" && fields !== null && Object.hasOwn(fields, name)
      ? (fields as Record<string, unknown>)[name]
      : null;
  const strategy = field("selection_strategy");
  return {
    selection_strategy: strategy === "direct" || strategy === "greedy" ? strategy : null,
    acceptance_rate: numberWithin(field("acceptance_rate"), 0, 1),
    spacing_threshold: numberWithin(field("spacing_threshold"), 0, Number.MAX_VALUE),
    n_accepted: countOrNull(field("n_accepted")),
    n_rejected: countOrNull(field("n_rejected")),
  };
}

function numberWithin(value: unknown, minimum: number, maximum: number): number | null {
  return typeof value === "number" && value >= minimum && value <= maximum ? value : null;
}

function countOrNull(value: unknown): number | null {
  return Number.isInteger(value) ? numberWithin(value, 0, Number.MAX_SAFE_INTEGER) : null;
}
