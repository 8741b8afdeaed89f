import { undecided } from "../autogenerate/decisions.ts";
import { compareSchema, type SchemaDiff, sqlOf } from "../autogenerate/diff.ts";
import { unexpressedIn } from "../autogenerate/unexpressed.ts";
import { type Draft, type DraftSql, draftMigration } from "../autogenerate/write.ts";
import type { ServiceConfig } from "../config/schema.ts";
import { FleetError } from "../core/errors.ts";
import type { Context } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import type { Session } from "../postgres/session.ts";
import { compareDescriptions } from "../proof/same-catalog.ts";
import { benchOf, withScratch } from "../proof/scratch.ts";
import { markLine } from "../source/downs.ts";
import { loadParser } from "../sql/parser.ts";
import { type Generated, shown, writeDrafts } from "./generate.ts";

/** What to record, and where to prove it. */
export interface RewordedOptions {
  readonly services: readonly string[];
  /** What the tag says after its number. */
  readonly name?: string | undefined;
  readonly dryRun?: boolean;
  /** The database for the proof; undefined for the configured one, or the embedded server. */
  readonly database?: string | undefined;
}

/**
 * Records Drizzle schemas that are spelled differently from the newest migration's, such as after drizzle-kit's `up`: one
 * migration without SQL for each service that differs. A server makes both schemas, and they must have one catalog.
 *
 * @throws FleetError `proof` with what differs; then nothing is written. `embedded` where there is no server
 */
export async function generateReworded(
  context: Context,
  { services, name = "reworded", dryRun, database }: RewordedOptions,
): Promise<Generated[]> {
  const { fleet, root } = context.config;
  await loadParser();
  const selected = selectServices(fleet, services);
  const changes = await Promise.all(
    selected.map(async ([service, config]) => {
      const diff = await compareSchema(service, config, root);
      return { diff, config, differs: await differs(diff) };
    }),
  );
  const drafts = new Map<SchemaDiff, Draft>();
  const differing = changes.filter((change) => change.differs);
  if (differing.length > 0)
    await withScratch(context, database, async (session) => {
      for (const { diff, config } of differing) {
        await refuseOther(context, session, diff, config);
        drafts.set(diff, await draftMigration(diff, name, withoutSql, undecided));
      }
    });
  if (dryRun !== true) await writeDrafts(context, drafts.values());
  return changes.map(({ diff }) => ({
    service: diff.service,
    migration: shown(drafts.get(diff)),
  }));
}

async function differs(diff: SchemaDiff): Promise<boolean> {
  if ((await sqlOf(diff, undecided)).length > 0) return true;
  return (await unexpressedIn(diff, undecided)).length > 0;
}

/** An empty down would look like one that is still to be written. */
const withoutSql: DraftSql = {
  statements: [],
  remarks: [markLine("empty", "on purpose: the Drizzle schema is only spelled differently")],
  down: {
    remarks: ["-- Nothing changed, and there is nothing to take back."],
    statements: ["SELECT 1;"],
  },
  notes: [],
  unfinished: false,
  unproved: undefined,
};

async function refuseOther(
  context: Context,
  session: Session,
  { service, kit, previous, current }: SchemaDiff,
  config: ServiceConfig,
): Promise<void> {
  const nothing = await kit.at(undefined, -1);
  const { missing, extra } = await compareDescriptions(
    benchOf(context, session, service, config),
    await kit.diff(nothing, previous, undecided),
    await kit.diff(nothing, current, undecided),
  );
  const lines = [
    ...missing.map((fact) => `before: ${fact}`),
    ...extra.map((fact) => `now:    ${fact}`),
  ];
  if (lines.length === 0) return;
  throw new FleetError(
    "proof",
    "the Drizzle schema differs from the newest migration in more than spelling",
    {
      where: [config.schema].flat().join(", "),
      excerpt: lines.slice(0, 12).join("\n"),
      remedy: `Nothing was written. Undo the change, or write a migration: drizzle-fleet generate ${service} --name <what_changes>`,
    },
  );
}
