// The core's advice names flags of the command line; here it names the fields of the page.

const fields: readonly (readonly [flag: RegExp, words: string])[] = [
  [/--intensity(?![\w-])/g, "“Values are: intensity”"],
  [/--amplitude(?![\w-])/g, "“Values are: amplitude”"],
  [/--axis-order( (nhw|hwn))?/g, "“Axis order”"],
  [/--mask-nonfinite/g, "“Mask NaN pixels”"],
  [/--clip-negative/g, "“Clip negative values”"],
  [/--lenient-zip/g, "“Accept extra bytes”"],
  [/--memory-budget( [\w.]+)?/g, "“Data: memory budget bytes”"],
  [/--swap-positions/g, "“Exchange x and y”"],
  [/--flip-positions-y/g, "“Negate y”"],
  [/--flip-positions-x/g, "“Negate x”"],
  [/--pattern-orientation( [\w-]+)?/g, "“Turn patterns”"],
  [/--first-patterns( \d+)?/g, "“Only the first”"],
  [/--pixel-size( [\w.]+)?/g, "“Object pixel size”"],
  [/--probe-modes( \d+)?/g, "“Probe modes”"],
  [/--batch-size( \d+)?/g, "“Minibatch”"],
];

/** A remedy for people who have a page in front of them. */
export function rewordRemedy(remedy: string): string {
  return fields.reduce((text, [flag, words]) => text.replace(flag, words), remedy);
}
