// Command lines of the scripts here: usage instead of a stack.

import { parseArgs } from "node:util";

type Flag =
  | { readonly type: "string"; readonly default?: string }
  | { readonly type: "boolean"; readonly default: false };
type Values<Flags> = {
  readonly [Name in keyof Flags]: Flags[Name] extends { type: "boolean" }
    ? boolean
    : Flags[Name] extends { default: string }
      ? string
      : string | undefined;
};

/** Values of the flags. Ends the process with the usage for --help (0), and for what the usage does not list (2). */
export function readFlags<const Flags extends Readonly<Record<string, Flag>>>(
  usage: string,
  options: Flags,
): Values<Flags> {
  if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    // parseArgs describes its result by another type of the same members
    return parseArgs({ options }).values as unknown as Values<Flags>;
  } catch (error) {
    console.error(`${(error as Error).message.split("\n")[0]}\n${usage}`);
    process.exit(2);
  }
}

/** From here on an error ends the process with its message and exit code; the stack only helps with internal ones. */
export function endWithMessage(): void {
  const end = (error: unknown) => {
    const { exitCode } = error as { exitCode?: number };
    console.error(exitCode === undefined ? error : (error as Error).message);
    process.exit(exitCode ?? 70);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}
