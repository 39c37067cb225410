// What differs between adapters: how lines are spread over invocations and where sums are reduced. Chosen by the
// adapter's identity and limits alone, never by a timing, so that a device gives the same bits every time.

import { type ProfileName, profileNames } from "../profile-names.ts";
import type { gatherParts } from "./directions.ts";
import { fitsLanes } from "./line-lanes.ts";
import { factorLength, type LineKind, type LineShape, workgroupBytes } from "./line-shape.ts";

/** Few numbers that every kernel's shape follows from. */
export interface Profile {
  readonly name: ProfileName;
  /** Invocations of a workgroup that share lines through workgroup memory; 1: every invocation has lines of its own. */
  readonly invocations: number;
  /** Invocations of a subgroup that share a line where its length allows it: 8, 4, or 0 for none. */
  readonly subgroupLanes: number;
  /** Bytes of workgroup memory that a workgroup may take. */
  readonly workgroupBytes: number;
  /** Shortest and longest line that a single invocation keeps in registers, with butterflies written out. */
  readonly unrolledLengths: readonly [number, number];
  /** Written-out butterflies between loops over memory, which LLVM compiles in seconds instead of minutes. */
  readonly loopedMemory: boolean;
  /** Side in pixels of the object tiles whose patterns the host lists: large ones spare the host, small ones the device. */
  readonly tileSide: number;
  /** Object pixels that an invocation gathers: several spare reads of the lists, one has the most invocations at work. */
  readonly gatheredPixels: keyof typeof gatherParts;
  /** Patterns whose probe gradients are added in registers. */
  readonly gradientTerms: number;
  /** Samples of a pattern that one invocation adds up for the step sizes, at least. */
  readonly samplesPerLane: number;
}

/** Limits of an adapter that matter here. */
export interface ProfileLimits {
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupStorageSize: number;
  /** Invocations of the smallest subgroup; 0: kernels cannot use subgroups. */
  readonly subgroupMinSize: number;
}

const NEVER = [1, 0] as const;
const SERIAL = {
  invocations: 1,
  subgroupLanes: 0,
  workgroupBytes: 0,
  tileSide: 16,
  gatheredPixels: "four", // SwiftShader compiles eight for nine seconds
  gradientTerms: 8,
  samplesPerLane: 64,
} as const;
const SHARED = {
  subgroupLanes: 0,
  unrolledLengths: NEVER,
  loopedMemory: false,
  tileSide: 32,
  gatheredPixels: "one",
  gradientTerms: 4,
  samplesPerLane: 4,
} as const;

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  // graphics processors with 32 KiB of workgroup memory or more
  shared: { ...SHARED, name: "shared", invocations: 128, workgroupBytes: 32768 },
  // what every WebGPU device has
  "shared-16k": { ...SHARED, name: "shared-16k", invocations: 64, workgroupBytes: 16384 },
  // processors with subgroups, where a shuffle is cheap and memory is not
  lanes: { ...SERIAL, name: "lanes", subgroupLanes: 8, unrolledLengths: NEVER, loopedMemory: true },
  // processors without, whose compiler takes long over straight-line code (lavapipe)
  serial: { ...SERIAL, name: "serial", unrolledLengths: [49, 128], loopedMemory: true },
  looped: { ...SERIAL, name: "looped", unrolledLengths: NEVER, loopedMemory: true },
  // processors whose compiler is quick (SwiftShader): most patterns per second at 64, after ten times the compilation; at
  // 128 it takes a gigabyte of memory for a minute
  unrolled: { ...SERIAL, name: "unrolled", unrolledLengths: [49, 64], loopedMemory: false },
};

/** The profile of an adapter. `software`: it computes on the processor, where barriers are dear. */
export function chooseProfile(software: boolean, adapterNames: string, limits: ProfileLimits): Profile {
  if (software) {
    if (lanesOf(limits) > 0) return profiles.lanes;
    return /swiftshader/i.test(adapterNames) ? profiles.unrolled : profiles.serial;
  }
  const large =
    limits.maxComputeWorkgroupStorageSize >= profiles.shared.workgroupBytes &&
    limits.maxComputeInvocationsPerWorkgroup >= 256;
  return large ? profiles.shared : profiles["shared-16k"];
}

/** Lanes of a subgroup that may share a line on an adapter: 8, 4, or 0 for none. */
export function lanesOf({ subgroupMinSize }: ProfileLimits): number {
  return subgroupMinSize >= 8 ? 8 : subgroupMinSize >= 4 ? 4 : 0;
}

/** A profile within an adapter's limits: one that comes with a checkpoint of another adapter must work here too. */
export function fitProfile(profile: Profile, limits: ProfileLimits): Profile {
  const workgroupBytes = Math.min(profile.workgroupBytes, limits.maxComputeWorkgroupStorageSize);
  const subgroupLanes = Math.min(profile.subgroupLanes, lanesOf(limits));
  const fits = workgroupBytes === profile.workgroupBytes && subgroupLanes === profile.subgroupLanes;
  return fits ? profile : { ...profile, workgroupBytes, subgroupLanes };
}

/** The profiles among which one may be the fastest on an adapter: those for its kind, as far as its limits allow them. */
export function listCandidates(software: boolean, limits: ProfileLimits): ProfileName[] {
  return profileNames.filter((name) => {
    const { invocations, workgroupBytes, subgroupLanes } = profiles[name];
    const possible = workgroupBytes <= limits.maxComputeWorkgroupStorageSize;
    return (invocations === 1) === software && possible && (subgroupLanes === 0 || lanesOf(limits) > 0);
  });
}

/** What a transform needs, whatever the adapter. */
export interface LineNeeds {
  readonly kind: LineKind;
  readonly axis: "row" | "column";
  readonly length: number;
  readonly linesPerPlane: number;
  readonly modes?: number;
  readonly terms?: number;
  /** A plane per minibatch, not worth a long compilation. */
  readonly once?: boolean;
}

/** Invocations of a workgroup, at most: what every device has. */
const MOST_INVOCATIONS = 256;
/** Lines of a workgroup on a processor. */
const SERIAL_LINES = 64;
/** Lines of a workgroup whose lines are shared by lanes. */
const LANE_LINES = 8;
/** Bytes that WGSL lets an invocation have for itself. */
const PRIVATE_BYTES = 8192;

/**
 * Shape of a transform under a profile; null when its lines do not fit on chip: many probe modes at once on a
 * processor. `once` says nothing about lanes, which compile quickly. Lengths without radices are refused where the WGSL is written.
 */
export function shapeLine(profile: Profile, needs: LineNeeds): LineShape | null {
  const { kind, axis, length, linesPerPlane, modes = 1, terms = 1 } = needs;
  const radices = factorLength(length) ?? [];
  const shape = { kind, axis, length, linesPerPlane, modes, terms, radices, inSubgroup: false };
  const threads = profile.subgroupLanes;
  if (threads > 0 && fitsLanes(radices, threads)) {
    // all modes, the one at work, its factors, intensity, a butterfly
    if ((8 * (modes + 3) * length) / threads > PRIVATE_BYTES) return null;
    return { ...shape, inSubgroup: true, threads, lines: LANE_LINES, unrolled: false, loopedMemory: false };
  }
  if (profile.invocations === 1 || radices.length === 0) {
    if (8 * modes * length > PRIVATE_BYTES) return null;
    const [shortest, longest] = profile.unrolledLengths;
    // in registers, several modes: all of them, the one at work, and the intensity
    const held = modes === 1 ? 8 * length : (8 * (modes + 1) + 4) * length;
    const fits = held <= PRIVATE_BYTES && length >= shortest && length <= longest;
    const unrolled = needs.once !== true && fits && radices.length > 0;
    return { ...shape, threads: 1, lines: SERIAL_LINES, unrolled, loopedMemory: profile.loopedMemory };
  }
  const sharing = Math.min(length / Math.max(...radices), profile.invocations);
  // a workgroup's lines belong to one plane; columns want neighbours, whose samples lie side by side
  const wanted = Math.max(axis === "column" ? 4 : 1, Math.floor(profile.invocations / sharing));
  for (let lines = wanted; lines >= 1; lines--) {
    if (linesPerPlane % lines !== 0 || sharing * lines > MOST_INVOCATIONS) continue;
    const fitting = { ...shape, threads: sharing, lines, unrolled: false, loopedMemory: false };
    if (workgroupBytes(fitting) <= profile.workgroupBytes) return fitting;
  }
  return null;
}
