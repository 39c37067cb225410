// Names of the ways in which kernels can be laid out (src/kernels/profile.ts): an option of a run, and part of its record.

export const profileNames = ["shared", "shared-16k", "lanes", "serial", "looped", "unrolled"] as const;
export type ProfileName = (typeof profileNames)[number];
