import { describe, expect, test } from "vitest";
import { migrateText } from "../../src/report/migrate.ts";
import { writtenText } from "../../src/report/style.ts";
import { createDatabase, createRole } from "../support/database.ts";
import { appFleet, contextFor, createFolder, history, migrateAll } from "../support/fleet.ts";

const tenants = Array.from({ length: 20 }, (_, index) => `t${String(index).padStart(2, "0")}`);

async function raise(state: string, text: string) {
  const { url } = await createRole(await createDatabase());
  const sql = `DO $$ BEGIN RAISE EXCEPTION '${text}', current_schema() USING ERRCODE = '${state}'; END $$;`;
  const root = await createFolder(history("drizzle/app", { "0000_f": sql }));
  const retry = { attempts: 2 };
  return migrateAll(contextFor(root, appFleet(url, tenants, { concurrency: 2, retry })));
}

describe("an error caused by the server", () => {
  test.each([
    ["53100", 'could not extend file "base/16386/%": No space left on device', "disk is full"],
    ["53200", "out of memory: failed on request of size % in memory context", "is out of memory"],
    [
      "53400",
      "temporary file % exceeds temp_file_limit",
      "Raise the setting that its message names",
    ],
    ["53000", "insufficient resources for %", "has run out of a resource"],
    ["58030", 'could not read block 17 in file "base/%"', "Check its log and its disk"],
    ["58P01", 'could not access file "$libdir/%"', "A file is missing on the server"],
    ["25006", "cannot execute ALTER TABLE in a read-only transaction of %", "is read-only"],
    ["XX001", "invalid page in block 1 of relation base/%", "found corrupted data"],
    ["XX002", 'index "%" contains unexpected zero page', "corrupted index"],
  ])(
    "%s ends the rollout after the first targets, as one kind of failure",
    async (state, text, remedy) => {
      const result = await raise(state, text);
      expect(result.stopped).toEqual({
        kind: "server",
        message: `the server of database main cannot run migrations (SQLSTATE ${state})`,
      });
      const failed = result.outcomes.filter(({ status }) => status === "failed");
      expect(failed.length).toBeLessThanOrEqual(2);
      for (const { failure } of failed) {
        expect(failure?.remedy).toContain(remedy);
        expect(failure?.remedy).toContain("The tenant is not the cause.");
        expect(failure?.remedy).not.toContain("correct the migration");
      }
      const shown = writtenText(migrateText(result), {});
      expect(shown.match(/^x /gm)).toHaveLength(1);
      expect(shown).toContain(`Stopped: the server of database main cannot run migrations`);
    },
  );

  test.each(["53300", "23505"])("%s does not end it", async (state) => {
    const result = await raise(state, "for %");
    expect(result.stopped).toBeUndefined();
    expect(result.outcomes.map(({ status }) => status)).toEqual(tenants.map(() => "failed"));
    expect(writtenText(migrateText(result), {}).match(/^x /gm)).toHaveLength(1);
  });
});
