// Profiles for tests of line transforms.

import type { LineKind } from "../../src/kernels/line-shape.ts";
import { type Profile, profiles } from "../../src/kernels/profile.ts";

/** Every profile, and those that write butterflies out with lines short enough to be compiled in no time. */
export const testProfiles: readonly (readonly [string, Profile])[] = [
  ...Object.values(profiles).map((profile) => [profile.name, profile] as const),
  ["lanes of four", { ...profiles.lanes, subgroupLanes: 4 }],
  ...Object.values(profiles)
    .filter(({ unrolledLengths: [shortest, longest] }) => shortest <= longest)
    .map((profile) => [`${profile.name} from 8 on`, { ...profile, unrolledLengths: [8, 128] }] as const),
];

/** Every kind; a further one does not pass the type check before it is listed. */
export const lineKinds = Object.keys({
  forward: 1,
  inverse: 1,
  "inverse-forward": 1,
  "forward-inverse": 1,
  "forward-sum": 1,
} satisfies Record<LineKind, 1>) as LineKind[];
