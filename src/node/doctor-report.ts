// Judges gathered facts: which drivers are usable, why others are refused, what to do. Pure; no files, no processes.

import type { SelfTestResult } from "../engine/self-test.ts";
import { type AdapterFacts, formatAdapterLine, LIMIT_NAMES } from "../gpu/device.ts";
import type { DoctorFacts, DriverTrial } from "./doctor-facts.ts";
import { MESA_MINIMUM, SWIFTSHADER_INSTALL, softwareHint } from "./gpu-device.ts";

export type RefusalCode =
  | "mesa-too-old"
  | "library-missing"
  | "no-device"
  | "null-backend"
  | "crashed"
  | "not-tried"
  | "bad-manifest";

export interface RefusedDriver {
  readonly title: string;
  readonly code: RefusalCode;
  readonly reason: string;
  readonly remedy: string | null;
}

export interface FoundAdapter {
  readonly title: string;
  readonly facts: AdapterFacts;
}

// What compute cares about; the rest is in the JSON.
const SHOWN_FEATURES = ["subgroups", "subgroup-size-control", "timestamp-query", "shader-f16"];

/** Serialisable; what `ptycho doctor --json` prints. */
export interface DoctorReport {
  readonly verdict: "hardware" | "software" | "none";
  /** 0, or 69 when there is no usable adapter or its self-test failed. */
  readonly exitCode: 0 | 69;
  readonly versions: {
    readonly platform: string;
    readonly node: string;
    readonly packages: Readonly<Record<string, string | null>>;
  };
  readonly variables: Readonly<Record<string, string>>;
  /** The adapter a run would use. */
  readonly chosen: AdapterFacts | null;
  readonly found: readonly FoundAdapter[];
  readonly refused: readonly RefusedDriver[];
  readonly notFound: readonly string[];
  /** Null when no self-test was given or no device opened. */
  readonly selfTest: readonly SelfTestResult[] | null;
  /** Sentences: the conclusion, then what to do, most useful first. */
  readonly advice: readonly string[];
}

/** The report on `facts`; `selfTest` are the results on the device that was opened. */
export function judgeFacts(facts: DoctorFacts, selfTest: readonly SelfTestResult[] | null = null): DoctorReport {
  const chosen = facts.opened.facts;
  const broken = selfTest?.some(({ ok }) => !ok) ?? false;
  const verdict = chosen === null || broken ? "none" : chosen.kind;
  const judged = facts.drivers.map((trial) => ({ trial, refusal: refuseTrial(trial) }));
  const report = {
    verdict,
    exitCode: verdict === "none" ? 69 : 0,
    versions: { platform: `${facts.platform} ${facts.arch}`, node: facts.node, packages: facts.packages },
    variables: facts.variables,
    chosen,
    found: judged.flatMap(({ trial, refusal }) => (refusal ? [] : [{ title: trial.title, facts: trial.adapter! }])),
    refused: judged.flatMap(({ refusal }) => (refusal ? [refusal] : [])),
    notFound: facts.missing.map(({ name, reason }) => `${name}: ${reason}`),
    selfTest,
  } as const;
  return { ...report, advice: [conclude(facts, selfTest), ...advise(facts, report)] };
}

/** Why a driver that was tried is of no use; null when it gave a usable adapter. */
export function refuseTrial(trial: DriverTrial): RefusedDriver | null {
  const refuse = (code: RefusalCode, reason: string, remedy: string | null = null): RefusedDriver => ({
    title: trial.title,
    code,
    reason,
    remedy,
  });
  if (trial.adapter) {
    if (trial.adapter.vendor !== "") return null;
    return refuse("null-backend", "Dawn's null backend answered, which accepts commands and computes nothing");
  }
  if (trial.reason !== null) return refuse("not-tried", trial.reason);
  const said = trial.messages.join("; ");
  const mesa = Number.parseInt(trial.mesaVersion ?? "", 10);
  if (mesa < MESA_MINIMUM && trial.library?.includes("libvulkan_lvp"))
    return refuse(
      "mesa-too-old",
      `Mesa ${trial.mesaVersion} is too old for Dawn${said ? `, which says: ${said}` : ""}`,
      `Install Mesa ${MESA_MINIMUM} or later (Debian 12: apt install -t bookworm-backports mesa-vulkan-drivers), or run: ${SWIFTSHADER_INSTALL}`,
    );
  const absent = /(\S+): cannot open shared object file/.exec(said)?.[1];
  if (absent || (trial.manifest !== null && trial.library === null && !said.includes("Vulkan ")))
    return refuse(
      absent ? "library-missing" : "bad-manifest",
      absent ? `the library ${absent} is missing` : "the manifest names no library that exists here",
      "Install the driver's package again; in a container, make its libraries visible inside",
    );
  if (trial.crash !== null) return refuse("crashed", said ? `${trial.crash}; it said: ${said}` : trial.crash);
  if (/valid GPUs|vkEnumeratePhysicalDevices|Found no drivers/.test(said))
    return refuse("no-device", "the driver found no device it can drive");
  return refuse("no-device", said ? `no adapter; Dawn says: ${said}` : "the driver found no device it can drive");
}

/** The report as text for a terminal, without a trailing newline. */
export function formatDoctorReport(report: DoctorReport): string {
  const { versions, chosen } = report;
  const packages = Object.entries(versions.packages).map(([name, version]) => `${name} ${version ?? "not installed"}`);
  const lines = [`${packages.join(", ")}; Node ${versions.node}; ${versions.platform}`];
  const section = (title: string, entries: readonly string[]) => {
    if (entries.length > 0) lines.push("", title, ...entries.map((entry) => `  ${entry}`));
  };
  section(
    "Variables",
    Object.entries(report.variables).map(([name, value]) => `${name}=${value}`),
  );
  section(
    "Adapters found",
    report.found.map(({ title, facts }) => {
      const features = SHOWN_FEATURES.filter((feature) => facts.features.includes(feature));
      return `${title}: ${[facts.kind, facts.description || facts.device, ...features].join(", ")}`;
    }),
  );
  section(
    "Refused",
    report.refused.flatMap(({ title, code, reason, remedy }) => [
      `${title}: ${reason} [${code}]`,
      ...(remedy ? [`  ${remedy}`] : []),
    ]),
  );
  section("Looked for, not found", report.notFound);
  if (chosen) {
    section("A run would use", [formatAdapterLine(chosen)]);
    section(
      "Limits",
      LIMIT_NAMES.map((name) => `${name} ${chosen.limits[name]}`),
    );
  }
  section(
    "Self-test",
    (report.selfTest ?? []).map(({ name, ok, detail }) => `${ok ? "ok" : "FAIL"} ${name}: ${detail}`),
  );
  section("Conclusion", report.advice);
  return lines.join("\n");
}

function conclude(facts: DoctorFacts, selfTest: readonly SelfTestResult[] | null): string {
  const chosen = facts.opened.facts;
  const failed = selfTest?.filter(({ ok }) => !ok).map(({ name }) => name) ?? [];
  if (chosen === null) {
    if (facts.moduleError !== null) return `No usable adapter: ${facts.moduleError}`;
    if (facts.loader !== null && facts.loader.loader === null)
      return `No usable adapter: there is no Vulkan loader (${facts.loader.reason}).`;
    if (facts.drivers.length === 0) return "No usable adapter: there is no graphics driver (no Vulkan ICD file).";
    const tried = facts.drivers.filter(({ name }) => name === "user");
    if ((tried.length > 0 ? tried : facts.drivers).every((trial) => refuseTrial(trial) !== null))
      return "No usable adapter: every driver that may be used is refused, for the reasons above.";
    return `Not usable as asked: ${withoutPointers(facts.opened.error ?? "no device was opened")}`;
  }
  if (failed.length > 0)
    return `The adapter ${chosen.device || chosen.description} computes wrongly (${failed.join(", ")}); do not use it.`;
  return chosen.kind === "hardware"
    ? `Ready: ${chosen.description || chosen.device} is a hardware adapter.`
    : `Ready, on the processor only: ${chosen.description || chosen.device} is a software adapter and slow.`;
}

/** An error's text without its code and without the pointer to the doctor, who is speaking. */
function withoutPointers(message: string): string {
  return message.replace(/\.? (More|See): ptycho doctor/, "").replace(/ \[[A-Z_]+\]$/, "");
}

function advise(facts: DoctorFacts, report: Pick<DoctorReport, "found" | "refused">): string[] {
  const { opened, deviceNodes } = facts;
  const { found, refused } = report;
  if (opened.facts?.kind === "hardware") return [];
  const advice: string[] = [];
  const manifests = facts.drivers.map(({ manifest, title }) => manifest ?? title);
  const nvidia = deviceNodes.some(({ path }) => path.startsWith("/dev/nvidia"));
  if (nvidia && !manifests.some((path) => /nvidia/i.test(path)))
    advice.push(
      "An NVIDIA card is visible, its Vulkan driver is not: in a container set NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics; otherwise install the driver's Vulkan part (nvidia_icd.json).",
    );
  for (const { path } of deviceNodes.filter(({ accessible }) => !accessible))
    advice.push(`${path} may not be opened by this user: join the group that owns it (render or video).`);
  if (deviceNodes.some(({ path }) => path.includes("renderD")) && manifests.length === 0)
    advice.push("A graphics card is visible, but no Vulkan driver: install it (Debian, Ubuntu: mesa-vulkan-drivers).");
  if (facts.variables.VK_DRIVER_FILES || facts.variables.VK_ICD_FILENAMES)
    advice.push("VK_DRIVER_FILES or VK_ICD_FILENAMES is set: only those drivers are tried; unset it to try all.");
  const hint = opened.facts ? softwareHint(opened.facts) : null;
  if (hint) advice.push(withoutPointers(hint));
  if (opened.facts === null && facts.moduleError === null) {
    advice.push(...new Set(refused.flatMap(({ remedy }) => remedy ?? [])));
    if (
      facts.platform === "linux" &&
      found.length === 0 &&
      !refused.some(({ remedy }) => remedy?.includes(SWIFTSHADER_INSTALL))
    )
      advice.push(
        `Install the Vulkan driver of your GPU, or Mesa ${MESA_MINIMUM} or later (package mesa-vulkan-drivers), or run: ${SWIFTSHADER_INSTALL}`,
      );
  }
  return advice;
}
