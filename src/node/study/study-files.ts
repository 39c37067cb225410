// What planning a study asks of the file system: the kind of a path, and small JSON files. Tests bring their own.

import { lstatSync, statSync } from "node:fs";
import { InputError, OptionsError } from "../../errors.ts";
import type { FileLookup, PathKind } from "../../jobs/roots.ts";
import { errorCode } from "../file-system.ts";
import { readJsonFile } from "../json-file.ts";
import type { JsonCodes } from "../parse-json.ts";

/** Reading side of a study's folders. */
export interface StudyFileSystem extends FileLookup {
  /** Absolute; relative paths of the command line start here. */
  readonly workingFolder: string;
  /**
   * Value of a JSON file that people or Python wrote. Throws InputError (66) when it cannot be read, and OptionsError (78)
   * with `<kind>_SYNTAX` or `<kind>_KEY` for one that is too large, no JSON, too deep, or has a key twice.
   */
  readJson(path: string, kind: "MANIFEST" | "DESIGN"): Promise<unknown>;
}

/** Losses of nine jobs over some thousand epochs take less than a tenth of it. */
const LARGEST_JSON_BYTES = 32 * 2 ** 20;

/** The real file system. */
export const nodeStudyFiles: StudyFileSystem = {
  get workingFolder() {
    return process.cwd();
  },
  kindOf,
  async readJson(path, kind) {
    const codes: JsonCodes = { syntax: `${kind}_SYNTAX`, duplicateKey: `${kind}_KEY`, depth: `${kind}_SYNTAX` };
    try {
      return await readJsonFile(path, LARGEST_JSON_BYTES, { codes, acceptNonFinite: true });
    } catch (error) {
      if (!(error instanceof InputError) || error.code !== "INPUT_SIZE") throw error;
      const { expected, got } = error.details;
      throw new OptionsError(codes.syntax, "the file is too large for what it should be", {
        source: path,
        ...(expected ? { expected } : {}),
        ...(got ? { got } : {}),
      });
    }
  },
};

function kindOf(path: string): PathKind {
  try {
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts) return facts.isFile() ? "file" : facts.isDirectory() ? "folder" : "other";
    return lstatSync(path, { throwIfNoEntry: false }) ? "other" : "nothing";
  } catch (error) {
    return ["ENOTDIR", "ENAMETOOLONG"].includes(errorCode(error) ?? "") ? "nothing" : "unreadable";
  }
}
