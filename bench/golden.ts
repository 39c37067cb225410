// npm run golden -- FOLDER [--device ...]: replays pty-chi's trajectories and compares every checkpoint.

import { parseArgs } from "node:util";
import { formatAdapterLine, openDevice } from "../src/node/index.ts";
import { replayFolder } from "./golden-folder.ts";

const USAGE =
  "usage: npm run golden -- FOLDER [--device auto|gpu|software] [--adapter NAME] [--driver NAME] [--case PART]\n" +
  "A row is a case at a checkpoint, or its step: the intermediates of one minibatch. required = errors that a case must\n" +
  "keep below; aim = a tenth of that, or what rounding leaves; not yet = what the case needs and we lack.";

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    console.log(USAGE);
    return 0;
  }
  const line = readLine(argv);
  if (line === null) {
    console.error(USAGE);
    return 2;
  }
  const { folder, values } = line;
  return await replayFolder({
    folder,
    part: values.case ?? "",
    print: (text) => console.log(text),
    openDevice: async () => {
      const opened = await openDevice({
        device: values.device as "auto",
        ...(values.adapter ? { adapter: values.adapter } : {}),
        ...(values.driver ? { driver: values.driver } : {}),
      });
      console.log(formatAdapterLine(opened.facts));
      return opened.device;
    },
  });
}

/** Folder and flags; null when the line is not as the usage says. */
function readLine(argv: readonly string[]) {
  const text = { type: "string" } as const;
  const options = { device: { ...text, default: "auto" }, adapter: text, driver: text, case: text };
  try {
    const { positionals, values } = parseArgs({ args: [...argv], allowPositionals: true, options });
    const [folder, ...rest] = positionals;
    const known = ["auto", "gpu", "software"].includes(values.device);
    return folder && rest.length === 0 && known ? { folder, values } : null;
  } catch {
    return null;
  }
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  console.error((error as Error).message);
  process.exit((error as { exitCode?: number }).exitCode ?? 70);
}
