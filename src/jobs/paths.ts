// Paths as text, of this machine or of another: POSIX and Windows in one, without a file system. Manifests travel, so a
// path's own form decides how it is read, not the machine that reads it.

/** A path in parts; `.` and `..` are resolved by name. */
export interface ParsedPath {
  /** "" for a relative path, "/" or e.g. "C:\" and "\\server\share\". */
  readonly root: string;
  readonly parts: readonly string[];
  readonly windows: boolean;
}

const DRIVE = /^([A-Za-z]):[\\/]+/;
const SHARE = /^[\\/]{2}([^\\/]+)[\\/]+([^\\/]+)[\\/]*/;

/** Splits a path. A relative one with backslashes is Windows'; so are drives and `\\server\share`. */
export function parsePath(text: string): ParsedPath {
  const plain = text.replace(/^\\\\\?\\(?=[A-Za-z]:)/, "");
  const drive = DRIVE.exec(plain);
  if (drive) return finish(`${drive[1]!.toUpperCase()}:\\`, plain.slice(drive[0].length), true);
  const share = plain.startsWith("\\\\") ? SHARE.exec(plain) : null;
  if (share) return finish(`\\\\${share[1]}\\${share[2]}\\`, plain.slice(share[0].length), true);
  if (plain.startsWith("/")) return finish("/", plain, false);
  return finish("", plain, plain.includes("\\"));
}

function finish(root: string, rest: string, windows: boolean): ParsedPath {
  const parts: string[] = [];
  for (const part of rest.split(windows ? /[\\/]+/ : /\/+/)) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (root === "") parts.push(part);
  }
  return { root, parts, windows };
}

/** Text of a path in its own form; an empty relative one is ".". */
export function formatPath({ root, parts, windows }: ParsedPath): string {
  return `${root}${parts.join(windows ? "\\" : "/")}` || ".";
}

/** True for absolute paths of either kind of machine. */
export function isAbsolutePath(text: string): boolean {
  return parsePath(text).root !== "";
}

/** `base` followed by `parts`, in the form of `base`. */
export function joinPath(base: string, ...parts: readonly string[]): string {
  const { root, parts: first, windows } = parsePath(base);
  return formatPath(finish(root, [...first, ...parts].join(windows ? "\\" : "/"), windows));
}

/** `path` as seen from the folder `base`: absolute paths stay. */
export function resolvePath(base: string, path: string): string {
  const parsed = parsePath(path);
  return parsed.root === "" ? joinPath(base, ...parsed.parts) : formatPath(parsed);
}

/** The folder that holds `path`. */
export function parentPath(path: string): string {
  return joinPath(path, "..");
}

/** Last name of a path; "" for a root. */
export function lastName(path: string): string {
  return parsePath(path).parts.at(-1) ?? "";
}

/** True when both name the same place by their text. */
export function isSamePath(a: string, b: string): boolean {
  return formatPath(parsePath(a)) === formatPath(parsePath(b));
}

/**
 * What follows `root` in `path`; null when `path` is not below it. Where only one of the two is absolute, the relative one
 * is looked for inside the other: a manifest may state its roots and its files differently.
 */
export function partsBelow(root: string, path: string): readonly string[] | null {
  const outer = parsePath(root);
  const inner = parsePath(path);
  const windows = outer.windows || inner.windows;
  const fold = (part: string) => (windows ? part.toLowerCase() : part);
  const startsAt = (whole: readonly string[], at: number, wanted: readonly string[]) =>
    at >= 0 &&
    wanted.every((part, index) => whole[at + index] !== undefined && fold(whole[at + index]!) === fold(part));
  const count = outer.parts.length;
  if ((outer.root === "") === (inner.root === "")) {
    const same = fold(outer.root) === fold(inner.root) && startsAt(inner.parts, 0, outer.parts);
    return same ? inner.parts.slice(count) : null;
  }
  if (outer.root === "") {
    if (count === 0) return null;
    for (let at = inner.parts.length - count; at >= 0; at--)
      if (startsAt(inner.parts, at, outer.parts)) return inner.parts.slice(at + count);
    return null;
  }
  for (let shared = Math.min(count, inner.parts.length); shared > 0; shared--)
    if (startsAt(outer.parts, count - shared, inner.parts.slice(0, shared))) return inner.parts.slice(shared);
  return null;
}
