// What people type into a field of an option, as a value for the core.

/**
 * Nothing, a number, a list of numbers where `list` says that one is wanted, else the text itself: the core refuses what
 * it cannot use, and quotes it. "100,000" is not cut to 100.
 */
export function readTyped(typed: string, list: boolean): undefined | number | readonly number[] | string {
  const text = typed.trim();
  if (text === "") return undefined;
  const pieces = list ? text.split(/\s*[,;×]\s*|\s+/) : [text];
  const numbers = pieces.map((piece) => (piece === "" ? Number.NaN : Number(piece)));
  if (numbers.some(Number.isNaN)) return text;
  return list ? numbers : numbers[0]!;
}
