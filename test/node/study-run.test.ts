// `ptycho study run` on the original tests' kind of fixture (study.md section 5.10): noise within one pixel. Nothing can be
// reconstructed from it: every job is reported as degenerate geometry, with logs, telemetry and records as for any other.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listGrid, studyDesign } from "../../src/jobs/design.ts";
import { presetFlags } from "../../src/jobs/presets.ts";
import { writeNoiseStudy } from "../support/noise-study.ts";
import { runHere } from "../support/run-here.ts";
import { eventsOf, readIndex, readManifest, readSkips } from "../support/study-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, "data");
const lacking = join(folder, "no sparse");
beforeAll(() => {
  writeNoiseStudy(data);
  writeNoiseStudy(lacking, (path) => path.includes("sparse"));
});

let roots = 0;
const newRoot = () => join(folder, `out ${roots++}`);
async function run(root: string, ...argv: string[]) {
  return await runHere("study", "run", "--data-root", data, "--artifact-root", root, ...argv);
}

describe("idea 1: the manifest's jobs", () => {
  it("a dry run lists 18 jobs, 6 per dose, in the study's order, with their inputs, folders and commands", async () => {
    const root = newRoot();
    const { out } = await run(root, "--dry-run");
    const { jobs, total_jobs, filtered_jobs, missing_jobs } = readManifest(root);
    expect({ total_jobs, filtered_jobs, missing_jobs }).toEqual({
      total_jobs: 18,
      filtered_jobs: 18,
      missing_jobs: [],
    });
    expect(jobs.map(({ dose, split, view }) => [dose, split, view])).toEqual(
      listGrid(studyDesign).map(({ dose, split, view }) => [dose, split, view]),
    );
    for (const dose of studyDesign.dose_list) expect(jobs.filter((job) => job.dose === dose)).toHaveLength(6);
    for (const job of jobs) {
      const place = `dose_${job.dose}/${job.view}`;
      expect(job.output_dir).toBe(join(root, place, job.split));
      const input =
        job.view === "baseline"
          ? `phase_c/dose_${job.dose}/patched_${job.split}.npz`
          : `phase_d/${place}/${job.view}_${job.split}.npz`;
      expect(job.input_npz).toBe(join(data, input));
      expect(job).toMatchObject({ algorithm: "LSQML", num_epochs: 100, gridsize: job.view === "baseline" ? 1 : 2 });
    }
    expect(new Set(jobs.map(({ seed }) => seed)).size).toBe(18);
    expect(out).toContain("Total jobs enumerated: 18\nFiltered jobs: 18 selected, 0 skipped\n");
    expect(out).toContain("[18/18] Job: dose=100000.0, view=sparse, split=test\n");
    const rows = "  Total jobs: 18\n  Filtered jobs: 18\n  Skipped jobs: 0\n  Dry run: yes\n";
    expect(out).toContain(`\nPhase F Reconstruction Orchestrator Summary\n${rows}  Artifacts: ${root}\n`);
  });
});

describe("idea 2 and 4: execution, logs, telemetry", () => {
  const root = newRoot();
  const cell = join(root, "dose_1000/dense/train");
  let first: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    first = await run(root, "--dose", "1000", "--view", "dense", "--split", "train", "--epochs", "7");
  });

  it("a single job that is refused ends with its own code: degenerate geometry, 65", () => {
    expect(first.code).toBe(65);
    expect(first.out).toContain("Filtered jobs: 1 selected, 17 skipped\n");
    expect(first.out).toContain("  dose=1000.0, view=dense, split=train failed with 65\n");
    expect(first.err).toMatch(
      /^ptycho: dose=1000\.0, view=dense, split=train: .*degenerate geometry.* \[DATA_GEOMETRY\]\n$/,
    );
    expect(first.out + first.err).not.toMatch(/NaN|\n\s+at /);
  });

  it("its result tells why, with the five fields of Phase D's metadata", () => {
    const { execution_results, filtered_jobs } = readManifest(root);
    expect(filtered_jobs).toBe(1);
    expect(execution_results).toEqual([
      {
        dose: 1000,
        view: "dense",
        split: "train",
        returncode: 65,
        log_path: join(cell, "ptychi.log"),
        stdout_preview: "The input was checked before the run.\n",
        reused: false,
        receipt: null,
        error: expect.stringMatching(/dense_train\.npz: .*degenerate geometry.*\[DATA_GEOMETRY\]$/),
        error_code: "DATA_GEOMETRY",
        selection_strategy: "direct",
        acceptance_rate: 0.8,
        spacing_threshold: 38.4,
        n_accepted: 8,
        n_rejected: 2,
      },
    ]);
  });

  it("the log: header of section 5.6 with the code filled in, what was said, what went wrong", () => {
    expect(readdirSync(cell)).toEqual(["ptychi.log"]);
    const lines = readFileSync(join(cell, "ptychi.log"), "utf8").split("\n");
    const input = join(data, "phase_d/dose_1000/dense/dense_train.npz");
    const seed = readManifest(root).jobs[0]!.seed;
    expect(lines.slice(0, 9)).toEqual([
      "# PtyChi LSQML Reconstruction Log",
      "# Job: dose=1000.0, view=dense, split=train",
      `# Command: ptycho reconstruct ${input} --output '${cell}' --epochs 7 --seed ${seed} ${presetFlags("best", 1000).join(" ")}`,
      "# Return code: 65",
      `#${"=".repeat(60)}`,
      "",
      "=== STDOUT ===",
      "The input was checked before the run.",
      "=== STDERR ===",
    ]);
    expect(lines[9]).toContain("degenerate geometry");
    expect(lines.slice(10)).toEqual([""]);
  });

  it("two jobs that are refused: exit 1, both codes, both logs", async () => {
    const both = newRoot();
    const { code } = await run(both, "--dose", "1000", "--view", "sparse");
    expect(code).toBe(1);
    const { execution_results } = readManifest(both);
    expect(execution_results.map(({ returncode }) => returncode)).toEqual([65, 65]);
    for (const result of execution_results) {
      expect(result).toMatchObject({
        selection_strategy: "greedy",
        acceptance_rate: 0.3,
        n_accepted: 3,
        n_rejected: 7,
      });
      expect(readFileSync(result.log_path!, "utf8")).toContain("\n# Return code: 65\n");
    }
  });

  it("a baseline has none of the five fields", async () => {
    const plain = newRoot();
    expect((await run(plain, "--dose", "1000", "--gridsize", "1", "--split", "test")).code).toBe(65);
    const [result] = readManifest(plain).execution_results;
    expect(Object.keys(result!)).not.toContain("selection_strategy");
    expect(Object.keys(result!)).not.toContain("n_accepted");
  });

  it.each([[[]], [["--quiet"]], [["--json"]], [["--quiet", "--dry-run"]], [["--dry-run"]]])(
    "with %j every failure is one line on stderr",
    async (style) => {
      const { code, out, err } = await run(newRoot(), "--dose", "1000", "--view", "dense", ...style);
      expect(code).toBe(1);
      expect(err.match(/^ptycho: dose=1000\.0, view=dense, split=(train|test): .*\[DATA_GEOMETRY\]$/gm)).toHaveLength(
        2,
      );
      expect(err.trimEnd().split("\n")).toHaveLength(2);
      if (style.includes("--quiet")) expect(out).toBe("");
    },
  );

  it("with --quiet a call that selects nothing says so", async () => {
    const end = await run(newRoot(), "--view", "baseline", "--gridsize", "2", "--quiet");
    expect(end).toEqual({ code: 1, out: "", err: "ptycho: no cell was selected that has its input\n" });
  });

  it("--json says the same to programs, and nothing else stands on standard output", async () => {
    const { code, out } = await run(newRoot(), "--dose", "1000", "--view", "dense", "--json");
    expect(code).toBe(1);
    const events = eventsOf(out);
    expect(events.map(({ event }) => event)).toEqual(["plan", "done", "done", "end"]);
    expect(events[1]).toMatchObject({ dose: 1000, view: "dense", split: "train", returnCode: 65 });
    expect(events.at(-1)).toEqual({ event: "end", exitCode: 1, outcome: 1, results: [65, 65], gap: null });
  });

  it("fields of events have one kind of names, down to the last", async () => {
    const names = new Set<string>();
    const visit = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      for (const [name, member] of Object.entries(value)) {
        if (!Array.isArray(value)) names.add(name);
        visit(member);
      }
    };
    for (const argv of [["--dry-run"], ["--keep-going"]]) {
      visit(eventsOf((await run(newRoot(), "--dose", "1000", "--view", "dense", "--json", ...argv)).out));
    }
    expect([...names]).toEqual(
      expect.arrayContaining(["runId", "artifactRoot", "totalJobs", "logPath", "acceptanceRate", "exitCode"]),
    );
    expect([...names].filter((name) => !/^[a-z][a-zA-Z0-9]*$/.test(name))).toEqual([]);
  });
});

describe("idea 3: filters of a dry run", () => {
  const root = newRoot();
  const counts: [flags: string[], selected: number, skipped: number][] = [
    [["--dose", "1000", "--view", "dense", "--split", "train"], 1, 17],
    [["--dose", "1000", "--view", "dense"], 2, 16],
    [["--gridsize", "1"], 6, 12],
    [["--gridsize", "2"], 12, 6],
    [["--view", "baseline", "--gridsize", "2"], 0, 18],
    [["--split", "test", "--max-jobs", "2"], 2, 16],
  ];
  it.each(counts)("%j selects %i and skips %i", async (flags, selected, skipped) => {
    const { out, code } = await run(root, "--dry-run", ...flags);
    expect(out).toContain(`Filtered jobs: ${selected} selected, ${skipped} skipped\n`);
    const { total_jobs, filtered_jobs, jobs, execution_results, missing_jobs } = readManifest(root);
    expect({ total_jobs, filtered_jobs, missing_jobs }).toEqual({
      total_jobs: 18,
      filtered_jobs: selected,
      missing_jobs: [],
    });
    expect([jobs.length, execution_results.length]).toEqual([selected, selected]);
    expect(readSkips(root)).toMatchObject({
      skipped_count: skipped,
      missing_phase_d_count: 0,
      missing_phase_c_count: 0,
    });
    expect(readSkips(root).skipped_jobs).toHaveLength(skipped);
    expect(code).toBe(selected === 1 ? 65 : 1);
  });

  it("reasons are of the first filter that rejects, grouped by filter", async () => {
    await run(root, "--dry-run", "--dose", "1000", "--view", "dense", "--split", "train");
    const reasons = readSkips(root).skipped_jobs.map(({ reason }) => reason);
    expect(reasons).toEqual([
      ...Array.from({ length: 12 }, () => "dose filter (requested: 1000.0)"),
      ...Array.from({ length: 4 }, () => "view filter (requested: dense)"),
      "split filter (requested: train)",
    ]);
    expect(readManifest(root).filters).toEqual({ dose: 1000, view: "dense", split: "train", gridsize: null });
  });

  it("touches no cell, and leaves manifest, skip summary, index and the call's own folder", async () => {
    const fresh = newRoot();
    await run(fresh, "--dry-run", "--dose", "1000", "--view", "dense");
    expect(readdirSync(fresh).sort()).toEqual([
      ".ptycho-hashes.json",
      "index.json",
      "reconstruction_manifest.json",
      "runs",
      "skip_summary.json",
      "summary.md",
    ]);
    const { runs } = readIndex(fresh);
    const manifest = readManifest(fresh);
    expect(runs).toEqual([
      {
        run_id: manifest.run_id,
        timestamp: manifest.timestamp,
        dry_run: true,
        preset: "best",
        status: "finished",
        selected: 2,
        succeeded: 0,
        failed: 2,
        unfinished: 0,
        missing: 0,
        folder: `runs/${manifest.run_id}`,
      },
    ]);
    const own = join(fresh, runs[0]!.folder);
    expect(readdirSync(own).sort()).toEqual(["reconstruction_manifest.json", "skip_summary.json", "summary.md"]);
    expect(readManifest(own)).toEqual(manifest);
    expect(readSkips(own)).toEqual(readSkips(fresh));
    expect(manifest).toMatchObject({ dry_run: true, preset: "best" });
    const [result] = manifest.execution_results;
    expect(result).toMatchObject({ dry_run: true, returncode: 65, log_path: null, selection_strategy: "direct" });
    expect(result!.stdout_preview).toMatch(/^\[DRY RUN\] Would execute: ptycho reconstruct /);
    expect(result!.stdout_preview).toHaveLength(200);
  });
});

describe("idea 5: missing files of Phase D", () => {
  const sparse = (root: string, ...argv: string[]) =>
    runHere("study", "run", "--data-root", lacking, "--artifact-root", root, ...argv);

  it("are refused by name, before anything is written", async () => {
    const root = newRoot();
    const { code, err } = await sparse(root);
    expect(code).toBe(66);
    expect(err).toMatch(
      /^ptycho: Phase D overlap NPZ not found: \S+.*sparse_train\.npz\. Expected from Phase D overlap/,
    );
    expect(err.match(/sparse_(train|test)\.npz/g)).toHaveLength(6);
    expect(err).toContain("--allow-missing-phase-d");
    expect(existsSync(root)).toBe(false);
  });

  it("allowed: 6 missing, each with its reason", async () => {
    const root = newRoot();
    await sparse(root, "--allow-missing-phase-d", "--dry-run");
    const { missing_jobs, total_jobs } = readManifest(root);
    expect(total_jobs).toBe(12);
    expect(missing_jobs).toHaveLength(6);
    expect(missing_jobs[0]).toEqual({
      dose: 1000,
      view: "sparse",
      split: "train",
      reason: "Phase D overlap NPZ not found (checked sparse_train.npz and train.npz)",
    });
    expect(readSkips(root)).toMatchObject({ skipped_count: 6, missing_phase_d_count: 6, missing_phase_c_count: 0 });
  });

  it("with filters that leave nothing: 18 skipped, 12 by filters and 6 missing; exit 1, or 0 with --exit-zero", async () => {
    const root = newRoot();
    const flags = ["--allow-missing-phase-d", "--dose", "1000", "--view", "sparse", "--split", "train"];
    const { code, out } = await sparse(root, ...flags);
    expect(code).toBe(1);
    expect(out).toContain("Filtered jobs: 0 selected, 18 skipped\n");
    const { total_jobs, jobs, execution_results } = readManifest(root);
    expect({ total_jobs, jobs, execution_results }).toEqual({ total_jobs: 12, jobs: [], execution_results: [] });
    const { skipped_jobs, skipped_count } = readSkips(root);
    expect(skipped_count).toBe(18);
    expect(skipped_jobs.filter(({ reason }) => / filter /.test(reason))).toHaveLength(12);
    expect(skipped_jobs.slice(12).every(({ view, reason }) => view === "sparse" && /not found/.test(reason))).toBe(
      true,
    );
    expect((await sparse(root, ...flags, "--exit-zero")).code).toBe(0);
  });

  it("the gap of a baseline does not take its siblings along", async () => {
    const holed = join(folder, "holed");
    writeNoiseStudy(holed, (path) => path === "phase_c/dose_1000/patched_train.npz");
    const root = newRoot();
    const { code } = await runHere(
      ...["study", "run", "--data-root", holed, "--artifact-root", root, "--dry-run", "--allow-missing-phase-c"],
    );
    expect(code).toBe(1);
    const { jobs, missing_jobs, total_jobs } = readManifest(root);
    expect([jobs.length, missing_jobs.length, total_jobs]).toEqual([17, 1, 17]);
    expect(missing_jobs[0]!.reason).toMatch(/^Phase C baseline NPZ not found: .*dose_1000\/patched_train\.npz$/);
    expect(readSkips(root)).toMatchObject({ missing_phase_d_count: 1, missing_phase_c_count: 1 });
  });
});

describe("exit codes", () => {
  it("--exit-zero: 0 for refused jobs, one or several, not for missing inputs", async () => {
    const root = newRoot();
    expect((await run(root, "--dose", "1000", "--view", "dense", "--exit-zero")).code).toBe(0);
    expect((await run(root, "--dose", "1000", "--view", "dense", "--split", "test", "--exit-zero")).code).toBe(0);
    expect(readManifest(root).execution_results[0]).toMatchObject({ returncode: 65 });
    const told = await run(root, "--dose", "1000", "--view", "dense", "--split", "test", "--exit-zero", "--json");
    expect(eventsOf(told.out).at(-1)).toMatchObject({ event: "end", exitCode: 0, outcome: 65, results: [65] });
    expect((await runHere("study", "run", "--data-root", lacking, "--exit-zero")).code).toBe(66);
  });
  it("--resume is the default said aloud and works on a new root; it excludes --overwrite", async () => {
    const flags = ["--dose", "1000", "--view", "dense", "--split", "train"];
    expect((await run(newRoot(), ...flags, "--resume")).code).toBe(65);
    expect(await run(newRoot(), ...flags, "--resume", "--overwrite")).toMatchObject({
      code: 2,
      err: expect.stringContaining("exclude each other"),
    });
  });
  it.each([
    [["--preset", "bset"], "best, study"],
    [["--epochs", "0"], "an integer of at least 1"],
    [["--epochs", "many"], "an integer of at least 1"],
    [["--watchdog-seconds", "0"], "seconds above 0"],
    [["--stop-seconds", "x"], "seconds above 0"],
    [["--checkpoint-seconds", "-1"], "seconds from 0 on, or none"],
    [["--device", "cpu"], "auto, gpu or software"],
    [["--gridsize", "3"], "1 or 2"],
    [["extra"], "arguments without a flag"],
    [["--keep-gonig"], "Did you mean --keep-going?"],
  ])("%j is exit 2, and nothing is written", async (argv, text) => {
    const root = newRoot();
    expect(await run(root, ...argv)).toMatchObject({ code: 2, err: expect.stringContaining(text) });
    expect(existsSync(root)).toBe(false);
  });
});

describe("records", () => {
  it("every call is kept; the ones at the top are the newest call's", async () => {
    const root = newRoot();
    const flags = ["--dose", "1000", "--view", "dense", "--split", "train"];
    await run(root, ...flags, "--preset", "study");
    const first = readManifest(root);
    await run(root, ...flags, "--seed", "9");
    const second = readManifest(root);
    expect(readIndex(root).runs.map(({ run_id, preset, status }) => [run_id, preset, status])).toEqual([
      [first.run_id, "study", "finished"],
      [second.run_id, "best", "finished"],
    ]);
    expect(readManifest(join(root, "runs", first.run_id))).toEqual(first);
    expect(first.jobs[0]!.seed).not.toBe(second.jobs[0]!.seed);
    expect([first.seeds.base, second.seeds.base]).toEqual([0, 9]);
    expect(first.timestamp).toMatch(/Z$/);
    expect(first.versions["ptycho-webgpu"]).toMatch(/^\d+\./);
  });

  it("summary.md: a row per cell, and the problems in words", async () => {
    const root = newRoot();
    await run(root, "--dose", "1000", "--view", "dense");
    const text = readFileSync(join(root, "summary.md"), "utf8");
    expect(text).toContain("18 cells: 2 selected, 16 filtered, 0 missing.");
    expect(text.match(/^\| 1000+\.0 \| (baseline|dense|sparse) \| (train|test) \| /gm)).toHaveLength(18);
    expect(text.match(/\| failed \(65\) \|/g)).toHaveLength(2);
    expect(text).toMatch(/## Problems\n\n- dose 1000\.0, dense, train: .*degenerate geometry/);
  });
});
