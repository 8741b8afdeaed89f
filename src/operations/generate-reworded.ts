import { changesWithoutSql } from "../autogenerate/changes-without-sql.ts";
import { undecided } from "../autogenerate/decisions.ts";
import { compareSchema, type SchemaDiff, sqlOf } from "../autogenerate/diff.ts";
import {
  type Draft,
  type DraftSql,
  draftMigration,
  type Generated,
  generatedFrom,
  writeDrafts,
} from "../autogenerate/migration-draft.ts";
import type { ServiceConfig } from "../config/schema.ts";
import { FleetError } from "../core/errors.ts";
import { type Context, unlessInterrupted } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import type { Session } from "../postgres/session.ts";
import { compareDescriptions } from "../proof/compare-descriptions.ts";
import { benchOf, withScratch } from "../proof/scratch.ts";
import { markLine } from "../source/downs.ts";
import { loadParser } from "../sql/parser.ts";

/** What to record, and where to prove it. */
export interface RewordedOptions {
  /** Empty for all. */
  readonly services: readonly string[];
  /** The part of the tag after its number. */
  readonly name?: string | undefined;
  readonly dryRun?: boolean;
  /** The database for the proof; undefined for the configured one, or the embedded server. */
  readonly database?: string | undefined;
}

/**
 * Records Drizzle schemas that only spell the newest migration's schema differently, for example after drizzle-kit's `up`:
 * one migration without SQL for each such service. A server creates both schemas, and their catalogs must be equal.
 *
 * @throws FleetError `proof` with the differences, and nothing is written; `embedded` if there is no server
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
        await refuseOtherCatalog(context, session, diff, config);
        drafts.set(diff, await draftMigration(diff, name, withoutSql, undecided));
      }
    });
  if (dryRun !== true) await unlessInterrupted(context, () => writeDrafts(drafts.values()));
  return changes.map(({ diff }) => generatedFrom(diff.service, drafts.get(diff)));
}

async function differs(diff: SchemaDiff): Promise<boolean> {
  if ((await sqlOf(diff, undecided)).length > 0) return true;
  return (await changesWithoutSql(diff, undecided)).length > 0;
}

/** The down has a statement: an empty down would look like one that is still to be written. */
const withoutSql: DraftSql = {
  statements: [],
  remarks: [markLine("empty", "on purpose: only the spelling of the Drizzle schema changed")],
  down: {
    remarks: ["-- The migration changes nothing, so there is nothing to revert."],
    statements: ["SELECT 1;"],
  },
  notes: [],
  unfinished: false,
  unproved: undefined,
};

async function refuseOtherCatalog(
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
      remedy: `Nothing was written. Undo the change. To write a migration instead, run: npx drizzle-fleet generate ${service} --name <what_changes>`,
    },
  );
}
