#!/usr/bin/env node
// An old Node.js would fail at some import, with an error that does not say why: nothing else is imported before this.
import process from "node:process";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 20 || (major === 20 && minor >= 19)) await import("./main.ts");
else {
  process.stderr.write(
    `error: drizzle-fleet needs Node.js 20.19 or later, and this is ${process.version}\n-> Install a newer Node.js, then run the same command again.\n`,
  );
  process.exitCode = 2;
}
