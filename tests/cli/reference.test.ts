import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../support/cli.ts";
import { repository } from "../support/repository.ts";

test("docs/reference says what the code says", async () => {
  const script = join(repository, "scripts/reference.mjs");
  const { code, stderr } = await run(repository, process.execPath, [script, "--check"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
