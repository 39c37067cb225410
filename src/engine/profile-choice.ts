// Which profile a run computes with, and on whose word. Never by a timing of the run itself: two runs on one device give
// the same bits.

import type { ProfileName } from "../profile-names.ts";

/** Option, checkpoint that the run goes on from, what `ptycho tune` saved, rule by adapter: the first that there is. */
export const profileSources = ["option", "checkpoint", "tuned", "adapter"] as const;
export type ProfileSource = (typeof profileSources)[number];

/** What may name a profile; null = it does not. */
export interface ProfileWishes {
  readonly option: ProfileName | null;
  /** Null: there is none. Its own profile is null where it was written before checkpoints had one. */
  readonly checkpoint: { readonly profile: ProfileName | null } | null;
  readonly tuned: ProfileName | null;
  /** By the rule of src/kernels/profile.ts. */
  readonly adapter: ProfileName;
  /** What suits this kind of adapter: a checkpoint of another kind does not bring its own along. */
  readonly candidates: readonly ProfileName[];
}

export interface ProfileChoice {
  readonly profile: ProfileName;
  readonly profileSource: ProfileSource;
}

/** The profile of a run. A checkpoint that does not say was written with the adapter's, before anything was tuned. */
export function chooseRunProfile({ option, checkpoint, tuned, adapter, candidates }: ProfileWishes): ProfileChoice {
  if (option !== null) return { profile: option, profileSource: "option" };
  if (checkpoint?.profile && candidates.includes(checkpoint.profile))
    return { profile: checkpoint.profile, profileSource: "checkpoint" };
  if (checkpoint === null && tuned !== null) return { profile: tuned, profileSource: "tuned" };
  return { profile: adapter, profileSource: "adapter" };
}
