import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { applicationRole } from "../config/environment.ts";
import type { Timeouts } from "../config/schema.ts";
import { packageVersion } from "../config/version.ts";
import { counted } from "../core/count.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { scriptExtensions } from "../postgres/extensions.ts";
import { flush } from "../postgres/flush.ts";
import { writeTarget } from "../rollout/offline.ts";
import { PsqlScript } from "../rollout/psql.ts";
import type { Context } from "./context.ts";
import { databasesOf } from "./databases.ts";
import type { Scripts } from "./scripts.ts";

/** The inputs of a psql script. */
export interface PsqlOptions {
  /** The verb, for the comment at the top of the script. */
  readonly verb: string;
  readonly scripts: Scripts;
  readonly timeouts: Timeouts;
  /** Whether the script can run again; by default, it can. */
  readonly again?: string;
}

/** Writes one script for some targets of one database, piece by piece. */
export async function writeScript(
  { config: { fleet }, environment }: Context,
  plans: readonly TargetPlan[],
  { verb, scripts, timeouts, again }: PsqlOptions,
  write: (text: string) => void,
): Promise<void> {
  const by = `drizzle-fleet ${packageVersion()}`;
  const databases = databasesOf(plans.map(({ target }) => target));
  const psql = new PsqlScript([
    `${by}: ${verb}, ${counted(plans.length, "target")} of database ${databases.join()}`,
    'Run it with psql -X -v ON_ERROR_STOP=1 -o /dev/null -f <this file> "<URL>", on a direct connection to the server.',
    again ?? "You can run it again from the beginning: it skips what is already applied.",
  ]);
  for (const service of new Set(plans.map(({ target }) => target.service))) {
    const schema = fleet.services[service]?.extensionSchema;
    if (schema !== undefined)
      await scriptExtensions(psql, schema, scripts.extensions.get(service) ?? []);
  }
  for (const plan of plans) {
    await writeTarget(psql, plan, scripts.scriptOf, {
      timeouts,
      by: `${by} by psql script`,
      roleOf: ({ database }) => applicationRole(fleet, database, environment),
    });
    write(psql.take());
  }
  await psql.script(flush);
  write(psql.take());
}

/** Writes a script for each target, to a file of its own. */
export async function writePsqlFiles(
  context: Context,
  folder: string,
  plans: readonly TargetPlan[],
  options: PsqlOptions,
): Promise<void> {
  for (const plan of plans) {
    const pieces: string[] = [];
    await writeScript(context, [plan], options, (text) => pieces.push(text));
    const file = fileIn(folder, plan.target);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, pieces, { flag: "wx" });
  }
}

/**
 * Makes sure that no file would be overwritten.
 *
 * @throws FleetError `write`
 */
export async function refuseExisting(folder: string, plans: readonly TargetPlan[]): Promise<void> {
  const problems = await Promise.all(
    plans.map(async ({ target }) => {
      const file = fileIn(folder, target);
      const exists = await stat(file).then(
        () => true,
        () => false,
      );
      if (!exists) return [];
      return new FleetError("write", `${file} already exists`, {
        remedy: "Nothing was written. Remove the file, or give --sql another folder.",
      });
    }),
  );
  throwProblems(problems.flat(), "some files already exist");
}

function fileIn(folder: string, { database, service, schema }: Target): string {
  return join(folder, safe(database), safe(service), `${safe(schema)}.sql`);
}

/** Turns any name into a file name. Different names stay different on file systems that ignore case or composition. */
function safe(name: string): string {
  const escaped = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return name.replace(/[^a-z0-9_-]/gu, (character) =>
    [...Buffer.from(character)].map(escaped).join(""),
  );
}
