import { expect, test } from "vitest";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, configFile, history } from "../support/fleet.ts";

const retired = "ALGA_DB_";

test("retired variables cause a warning on standard error, and change nothing else", async () => {
  const database = await createDatabase();
  const folder = await createProject({
    "drizzle.config.ts": configFile(appFleet(database.url, ["acme"])),
    ...history("drizzle/app", { "0000_t": "CREATE TABLE t (id int);" }),
  });
  const plain = await runCli(folder, ["status"]);
  const warned = await runCli(folder, ["status"], {
    [`${retired}HOST`]: "an-old-host",
    [`${retired}TOKEN`]: "an-old-token",
  });
  expect(warned).toEqual({
    ...plain,
    stderr: `warning: ${retired}HOST is no longer read. Set DB_HOST instead.
warning: ${retired}TOKEN is no longer read, and nothing replaces it. Unset it.
${plain.stderr}`,
  });
});
