import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { repository } from "./repository.ts";

/** Builds dist/ before the tests if a source file has changed since the last build. */
export function setup(): void {
  const script = join(repository, "scripts/build.mjs");
  execFileSync(process.execPath, [script, "--if-stale"], { cwd: repository, stdio: "inherit" });
}
