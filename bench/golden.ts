// npm run golden -- FOLDER [--device ...]: replays pty-chi's trajectories and compares every checkpoint.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatAdapterLine, openDevice } from "../src/node/index.ts";
import { readGoldenCase } from "./golden-case.ts";
import { isWithin, runCase, type Tolerances } from "./golden-run.ts";
import type { Row } from "./golden-step.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: "string", default: "auto" },
    adapter: { type: "string" },
    driver: { type: "string" },
    case: { type: "string" },
  },
});
const folder = positionals[0];
if (!folder) {
  console.error(
    "usage: npm run golden -- FOLDER [--device auto|gpu|software] [--adapter NAME] [--driver NAME] [--case PART]",
  );
  process.exit(2);
}

const manifest = await readManifest(folder);
const files = (await readdir(folder))
  .filter((name) => name.endsWith(".npz") && name.includes(values.case ?? ""))
  .sort();
const opened = await openDevice({
  device: values.device as "auto",
  ...(values.adapter ? { adapter: values.adapter } : {}),
  ...(values.driver ? { driver: values.driver } : {}),
});
console.log(formatAdapterLine(opened.facts));

let passing = 0;
let meeting = 0;
let later = 0;
let failing = 0;
for (const file of files) {
  try {
    await replay(file);
  } catch (error) {
    failing += 1;
    console.log(`${file}  required FAIL: ${(error as Error).message}`);
  }
}
console.log(`${passing} cases pass required, ${meeting} meet aim, ${later} not yet`);
process.exit(failing > 0 ? 1 : 0);

/** Prints the rows of a case and counts its verdict. */
async function replay(file: string): Promise<void> {
  const golden = await readGoldenCase(join(folder!, file));
  if ("notYet" in golden) {
    later += 1;
    console.log(`${file}  not yet: ${golden.notYet.join(", ")}`);
    return;
  }
  const tolerance = manifest[file.replace(/\.npz$/, "")]?.tolerance;
  if (!tolerance) throw new Error("manifest.json has no tolerance for this case");
  const rows = await runCase(opened.device, golden, tolerance);
  for (const row of rows) console.log(formatRow(row));
  if (isWithin(rows, "required")) passing += 1;
  else failing += 1;
  if (isWithin(rows, "aim")) meeting += 1;
}

async function readManifest(path: string): Promise<Record<string, { tolerance: Tolerances }>> {
  try {
    return JSON.parse(await readFile(join(path, "manifest.json"), "utf8")).cases;
  } catch (error) {
    console.error(`${path}: expected a folder with golden files and manifest.json: ${(error as Error).message}`);
    process.exit(66);
  }
}

function formatRow(row: Row): string {
  const errors = row.errors.map(({ name, value }) => `${name} ${value.toExponential(1)}`).join("  ");
  const beyond = (limit: "required" | "aim") =>
    row.errors.filter((error) => !(error.value <= error[limit])).map((error) => error.name);
  const required = beyond("required");
  const aim = beyond("aim");
  const verdict = required.length > 0 ? `required FAIL (${required.join(", ")})` : "required ok";
  return `${row.label.padEnd(40)}  ${errors}  ${verdict}  ${aim.length > 0 ? `aim above (${aim.join(", ")})` : "aim met"}`;
}
