// Writes schemas/*.schema.json from the zod schemas of the built package. The tests compare, so none goes stale.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { formatJsonSchema } = await import("../dist/src/jobs/json-schemas.js");
const { recordSchemas } = await import("../dist/src/node/record-schemas.js");
mkdirSync(join(root, "schemas"), { recursive: true });
for (const [name, schema] of Object.entries(recordSchemas)) {
  writeFileSync(join(root, "schemas", name), formatJsonSchema(schema));
}
