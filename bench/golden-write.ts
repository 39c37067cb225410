// npm run bench:golden: golden files from the pinned pty-chi, or whether it still gives the numbers of those that are there.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writeNpz } from "../src/index.ts";
import { fromPieces, writeFileAtomic } from "../src/node/index.ts";
import { type CheckReply, judgeCheck, type ManifestTolerance, makeTolerance, type WriteReply } from "./golden-check.ts";
import { buildInputs, type CaseDesign, caseDesigns } from "./golden-inputs.ts";
import { BenchSetupError, choosePython, pythonScript, requirePtychi } from "./python.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";
import { projectFolder } from "./save-results.ts";

const USAGE = `usage: npm run bench:golden -- [--output FOLDER] [--case PART] [--python FILE]
       npm run bench:golden -- --check [--folder fixtures/golden] [--case PART] [--python FILE]
Writes golden files of our own cases with the pty-chi of npm run bench:setup into FOLDER [golden-out], with manifest.json:
some seconds. npm run golden -- FOLDER then replays them.
  --check   runs pty-chi on the inputs of the files in --folder and compares: the same versions on the same kind of
            processor give the same bits; elsewhere their rounding differs, and the limit is the manifest's "aim"`;

endWithMessage();
const values = readFlags(USAGE, {
  output: { type: "string", default: "golden-out" },
  case: { type: "string", default: "" },
  check: { type: "boolean", default: false },
  folder: { type: "string", default: join(projectFolder(), "fixtures/golden") },
  python: { type: "string" },
});
const python = choosePython(values.python);
const facts = requirePtychi(python);
console.log(`Python ${facts.python}, pty-chi ${facts.ptychi}, PyTorch ${facts.torch}, NumPy ${facts.numpy}`);
process.exit(values.check ? await check(resolve(values.folder)) : await write(resolve(values.output)));

/** Standard output of golden_cases.py, line by line. */
function runPython(...argv: string[]): string[] {
  const run = spawnSync(python, [pythonScript("golden_cases.py"), ...argv], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (run.status !== 0)
    throw new BenchSetupError(
      `pty-chi failed: ${run.error?.message ?? run.stderr.trim().split("\n").slice(-3).join("\n")}`,
      1,
    );
  return run.stdout.trim().split("\n");
}

/** 1 when a case is beyond its limit, 66 when there is nothing to check. */
async function check(folder: string): Promise<number> {
  const files = (await readdir(folder).catch(() => []))
    .filter((n) => n.endsWith(".npz") && n.includes(values.case))
    .sort();
  if (files.length === 0) {
    console.error(`${folder}: no golden files${values.case ? ` with "${values.case}" in their name` : ""}`);
    return 66;
  }
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as {
    cases: Readonly<Record<string, { tolerance: ManifestTolerance }>>;
  };
  let failures = 0;
  let identical = 0;
  for (const line of runPython("check", ...files.map((file) => join(folder, file)))) {
    const reply = JSON.parse(line) as CheckReply;
    const entry = manifest.cases[reply.file.replace(/\.npz$/, "")];
    if (!entry) {
      console.log(`${reply.file.padEnd(32)}  not in manifest.json`);
      failures += 1;
      continue;
    }
    const { largest, beyond } = judgeCheck(reply, entry.tolerance.aim);
    if (largest === 0) identical += 1;
    if (beyond.length > 0) failures += 1;
    const verdict = beyond.length > 0 ? `beyond the limit: ${beyond.join(", ")}` : "ok";
    console.log(
      `${reply.file.padEnd(32)}  ${largest === 0 ? "same bits" : largest.toExponential(1).padEnd(9)}  ${verdict}`,
    );
  }
  console.log(`${files.length - failures} of ${files.length} within the limit, ${identical} with the same bits`);
  return failures > 0 ? 1 : 0;
}

async function write(output: string): Promise<number> {
  const designs = caseDesigns.filter(({ name }) => name.includes(values.case));
  if (designs.length === 0) throw new BenchSetupError(`no case with "${values.case}" in its name`, 2);
  await mkdir(output, { recursive: true });
  const cases: Record<string, unknown> = {};
  let madeWith: unknown = null;
  const folder = await mkdtemp(join(tmpdir(), "ptycho-golden-"));
  try {
    for (const design of designs) {
      const inputs = buildInputs(design, caseDesigns.indexOf(design));
      const [source, target] = [join(folder, "inputs.npz"), join(folder, "golden.npz")];
      await writeFile(source, writeNpz(inputs));
      const reply = JSON.parse(runPython("write", source, target).at(-1)!) as WriteReply;
      const bytes = await readFile(target);
      const path = join(output, `${design.name}.npz`);
      await writeFileAtomic({ path, produce: fromPieces([bytes]) }, { overwrite: true });
      cases[design.name] = describeCase(design, inputs, bytes, reply);
      madeWith = reply.made_with;
      console.log(
        `${design.name.padEnd(24)} ${design.about}; loss ${reply.loss_first_last.map((v) => v.toExponential(2)).join(" -> ")}`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const manifest = `${JSON.stringify({ cases, failed: {}, made_with: madeWith }, null, 1)}\n`;
  await writeFileAtomic({ path: join(output, "manifest.json"), produce: fromPieces([manifest]) }, { overwrite: true });
  console.log(`${designs.length} cases in ${output}; npm run golden -- ${output} replays them`);
  return 0;
}

function describeCase(
  { about, epochs, checkpoints }: CaseDesign,
  inputs: ReturnType<typeof buildInputs>,
  bytes: Uint8Array,
  { rounding, loss_first_last }: WriteReply,
): Record<string, unknown> {
  const shape = (name: string) => inputs.find(([member]) => member === name)![1].shape;
  return {
    about,
    algorithm: "LSQML",
    bytes: bytes.length,
    checkpoints,
    epochs,
    loss_first_last,
    minibatches_per_epoch: shape("schedule")[1],
    n_yx: shape("diffraction").slice(1),
    object_shape: shape("object_initial"),
    positions: shape("diffraction")[0],
    probe_shape: shape("probe_initial"),
    sha256: createHash("sha256").update(bytes).digest("hex"),
    tolerance: makeTolerance(checkpoints, rounding),
  };
}
