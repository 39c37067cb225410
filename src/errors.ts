// Errors that people can act on: each names where, which field, what was expected, what came, and the remedy.

/** Facts of a refusal; every part that is known is filled in. */
export interface ErrorDetails {
  /** File or source the error is about. */
  readonly source?: string;
  /** Member, key or option inside the source. */
  readonly field?: string;
  readonly expected?: string;
  readonly got?: string;
  /** What the user can do about it, e.g. the flag that changes the outcome. */
  readonly remedy?: string;
  /** Byte offset in the source. */
  readonly offset?: number;
}

/** Base of all errors meant for users. `code` is stable; `exitCode` is what the CLI returns. */
export class PtychoError extends Error {
  readonly code: string;
  readonly exitCode: number;
  readonly details: ErrorDetails;

  constructor(code: string, exitCode: number, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(formatMessage(code, message, details), cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** Input data refused: archive, array or meaning (exit 65), or missing/unreadable (exit 66). */
export class InputError extends PtychoError {
  constructor(code: string, message: string, details: ErrorDetails = {}, exitCode: 65 | 66 = 65, cause?: unknown) {
    super(code, exitCode, message, details, cause);
  }
}

/** Options or manifest invalid (exit 78), or wrong command line (exit 2). */
export class OptionsError extends PtychoError {
  constructor(code: string, message: string, details: ErrorDetails = {}, exitCode: 2 | 78 = 78) {
    super(code, exitCode, message, details);
  }
}

/** No usable adapter, a limit too small, device loss or a validation error (exit 69, 70 or 75). */
export class GpuError extends PtychoError {
  constructor(code: string, message: string, details: ErrorDetails = {}, exitCode: 69 | 70 | 75 = 69, cause?: unknown) {
    super(code, exitCode, message, details, cause);
  }
}

/** Output could not be written (exit 74). */
export class OutputError extends PtychoError {
  constructor(code: string, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(code, 74, message, details, cause);
  }
}

/** Something else has to end first; running again later will do (exit 75). */
export class BusyError extends PtychoError {
  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(code, 75, message, details);
  }
}

/** The run left the numbers: NaN, Inf or divergence (exit 80). */
export class NumericalError extends PtychoError {
  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(code, 80, message, details);
  }
}

/** Text on one line: control characters, which names in hostile files may hold, appear as \\uXXXX. */
export function singleLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function formatMessage(code: string, message: string, details: ErrorDetails): string {
  // The contract's own sentences, "xcoords must be float dtype, got dtype=int64", hold these facts already.
  const named = details.field !== undefined && message.startsWith(`${details.field} `);
  const complete = / must be .*, got /.test(message);
  const where = [details.source, named ? "" : details.field].filter(Boolean).join(": ");
  const facts = [
    details.expected === undefined || complete ? "" : `expected ${details.expected}`,
    details.got === undefined || complete ? "" : `got ${details.got}`,
    details.offset === undefined ? "" : `at byte ${details.offset}`,
  ].filter(Boolean);
  const head = where ? `${where}: ${message}` : message;
  const tail = facts.length ? ` (${facts.join(", ")})` : "";
  const remedy = details.remedy ? `. ${details.remedy}` : "";
  return singleLine(`${head}${tail}${remedy} [${code}]`);
}
