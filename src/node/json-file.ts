// Reads JSON files: options, schedules.

import { InputError, OptionsError } from "../errors.ts";
import { fileAccess } from "./file-access.ts";
import { type JsonReading, parseJson } from "./parse-json.ts";

/**
 * The value of a JSON file of at most `maximumBytes`. Throws InputError (66) when it cannot be read and OptionsError (78)
 * when it is no JSON.
 */
export async function readJsonFile(path: string, maximumBytes: number, reading: JsonReading = {}): Promise<unknown> {
  const bytes = await readWholeFile(path, maximumBytes);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new OptionsError(reading.codes?.syntax ?? "JSON_SYNTAX", "the file is not UTF-8 text", { source: path });
  }
  return parseJson(text, path, reading);
}

/** All bytes of a file of at most `maximumBytes`. Throws InputError. */
export async function readWholeFile(path: string, maximumBytes: number): Promise<Uint8Array> {
  const access = await fileAccess(path);
  try {
    if (access.sizeBytes > maximumBytes) {
      throw new InputError("INPUT_SIZE", "the file is too large for what it should be", {
        source: path,
        expected: `at most ${maximumBytes} bytes`,
        got: `${access.sizeBytes}`,
      });
    }
    return await access.read(0, access.sizeBytes);
  } finally {
    await access.close();
  }
}
