// What `ptycho tune --save` found fastest on each adapter, in the user's configuration folder. Runs read it when nobody
// names a profile; without the file, or with a broken one, they take the adapter's.

import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import type { DatasetNote } from "../data/dataset.ts";
import { OutputError, PtychoError } from "../errors.ts";
import type { AdapterFacts } from "../gpu/device.ts";
import { listCandidates } from "../kernels/profile.ts";
import { type ProfileName, profileNames } from "../profile-names.ts";
import { formatRecord } from "../results/json-text.ts";
import { fromPieces, writeFileAtomic } from "./atomic-write.ts";
import { stampFile } from "./file-hash.ts";
import { errorCode } from "./file-system.ts";
import { readJsonFile } from "./json-file.ts";
import { createOutputFolder } from "./output-folder.ts";
import { putAside } from "./run-receipt.ts";

const FORMAT = "ptycho-webgpu tuned profiles";
const LARGEST_BYTES = 2 ** 20;

const tunedProfile = z.looseObject({
  profile: z.enum(profileNames),
  measuredAt: z.iso.datetime().describe("UTC, with a trailing Z"),
  sizePx: z.int().describe("side of the patterns"),
  modes: z.int(),
  batchSize: z.int(),
  patternsPerSecond: z.record(z.string(), z.number().nullable()).describe("by profile; null = could not be measured"),
});

/** `tuned-profiles.json`. */
export const tunedProfilesSchema = z.looseObject({
  format: z.literal(FORMAT),
  formatVersion: z.literal(1),
  adapters: z.record(z.string(), tunedProfile).describe("by the adapter's names"),
});

export type TunedProfile = z.output<typeof tunedProfile>;
type TunedAdapters = Readonly<Record<string, TunedProfile>>;

/** What the place of the file depends on; tests give their own. */
export interface ConfigSurroundings {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** Path of the file, where the platform keeps the settings of a user's programs. */
export function tunedProfilesPath(
  { platform, env, home }: ConfigSurroundings = { platform: process.platform, env: process.env, home: homedir() },
): string {
  return join(configFolder(platform, env, home), "ptycho-webgpu", "tuned-profiles.json");
}

function configFolder(platform: string, env: ConfigSurroundings["env"], home: string): string {
  if (platform === "darwin") return join(home, "Library", "Application Support");
  if (platform === "win32") return env.APPDATA || join(home, "AppData", "Roaming");
  // a relative path is to be ignored, says the XDG Base Directory Specification
  return env.XDG_CONFIG_HOME && isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : join(home, ".config");
}

/** All of an adapter's own names, those of its driver's version included: what was fastest with another need not be here. */
export function identifyAdapter({ vendor, architecture, device, description, backend }: AdapterFacts): string {
  return [vendor, architecture, device, description, backend].filter(Boolean).join(", ");
}

/**
 * The profile saved for an adapter; null when there is none, or when one that the adapter may have now was not measured
 * beside it. A file that cannot be used is named in a note.
 */
export async function findTunedProfile(
  facts: AdapterFacts,
  path = tunedProfilesPath(),
): Promise<{ readonly profile: ProfileName | null; readonly notes: readonly DatasetNote[] }> {
  const { adapters, problem } = await readAdapters(path);
  if (problem !== null) {
    const message = `${path} is ignored: ${problem}; ptycho tune --save makes it anew`;
    return { profile: null, notes: [{ level: "warning", code: "TUNED_FILE", message }] };
  }
  const name = identifyAdapter(facts);
  if (!Object.hasOwn(adapters, name)) return { profile: null, notes: [] };
  const { profile, measuredAt, patternsPerSecond } = adapters[name]!;
  const subgroupMinSize = facts.features.includes("subgroups") ? (facts.subgroupMinSize ?? 0) : 0;
  const candidates = listCandidates(facts.kind === "software", { ...facts.limits, subgroupMinSize });
  const unmeasured = candidates.filter((candidate) => !Object.hasOwn(patternsPerSecond, candidate));
  if (unmeasured.length > 0) {
    const message = `${path} is ignored: it does not know the profile ${unmeasured.join(", ")}; run ptycho tune --save again`;
    return { profile: null, notes: [{ level: "warning", code: "TUNED_OLD", message }] };
  }
  const message = `profile ${profile}, the fastest for ptycho tune on ${measuredAt.slice(0, 10)} (${path})`;
  return { profile, notes: [{ level: "info", code: "TUNED_PROFILE", message }] };
}

/**
 * Saves the choice for an adapter beside those for others; a file that cannot be used is put aside as NAME.damaged. Gives
 * the path. Throws OutputError.
 */
export async function saveTunedProfile(
  facts: AdapterFacts,
  tuned: TunedProfile,
  path = tunedProfilesPath(),
): Promise<string> {
  try {
    await createOutputFolder(dirname(path));
    const { adapters, problem } = await readAdapters(path);
    if (problem !== null) await putAside(dirname(path), [basename(path)]);
    const all = { ...adapters, [identifyAdapter(facts)]: tuned };
    const pieces = formatRecord({ format: FORMAT, formatVersion: 1, adapters: all });
    await writeFileAtomic({ path, produce: fromPieces(pieces) }, { overwrite: true });
    return path;
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    const { got } = error.details;
    const remedy = `Make room for it, or name the profile in every run: --profile ${tuned.profile}`;
    const details = { source: path, ...(got === undefined ? {} : { got }), remedy };
    throw new OutputError(error.code, "the choice could not be saved", details, error);
  }
}

/** Nothing where there is no file; `problem` says why one cannot be used. */
async function readAdapters(path: string): Promise<{ adapters: TunedAdapters; problem: string | null }> {
  try {
    if ((await stampFile(path)) === null) return { adapters: {}, problem: null };
    const parsed = tunedProfilesSchema.safeParse(await readJsonFile(path, LARGEST_BYTES));
    if (parsed.success) return { adapters: parsed.data.adapters, problem: null };
    const issue = parsed.error.issues[0]!;
    return { adapters: {}, problem: `${issue.path.join(".") || "the file"}: ${issue.message}` };
  } catch (error) {
    if (errorCode(error) !== null) return { adapters: {}, problem: `it cannot be read (${errorCode(error)})` };
    if (!(error instanceof PtychoError)) throw error;
    return { adapters: {}, problem: error.message.replace(`${path}: `, "").replace(/ \[[A-Z_]+\]$/, "") };
  }
}
