#!/usr/bin/env node
// An old Node.js fails at an import with an unclear error, so nothing is imported before the version is checked.
import process from "node:process";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 20 || (major === 20 && minor >= 19)) await import("./main.ts");
else {
  process.stderr.write(
    `error: drizzle-fleet requires Node.js 20.19 or later; this is ${process.version}\n-> Install a newer version of Node.js, then run the same command again.\n`,
  );
  process.exitCode = 2;
}
