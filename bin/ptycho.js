#!/usr/bin/env node
// Starts the built command line; works from any folder.
try {
  const { runProgram } = await import("../dist/src/node/cli.js");
  await runProgram();
} catch (error) {
  if (error?.code !== "ERR_MODULE_NOT_FOUND" || !String(error.message).includes("dist/src/node/cli.js")) throw error;
  console.error("ptycho: the program is not built. Run `npm ci` (or `npm run build`) in the package's folder first");
  process.exit(70);
}
