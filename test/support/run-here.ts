// A command line in this process, and everything it says.

import { main } from "../../src/node/cli.ts";

export interface CommandEnd {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `ptycho ARGUMENTS` in this process. */
export async function runHere(...argv: string[]): Promise<CommandEnd> {
  let out = "";
  let err = "";
  const code = await main(argv, {
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    interactive: false,
  });
  return { code, out, err };
}
