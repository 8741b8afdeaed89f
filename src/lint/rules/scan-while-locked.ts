import { blocksWrites, isSmall, nameOf, type Rule } from "../rule.ts";
import { commandsOf } from "../tree-parts.ts";

export const scanWhileLocked: Rule = {
  id: "scan-while-locked",
  severity: "warning",
  summary: "a statement reads a whole table while it blocks writes to it",
  why: "To check what every row contains, PostgreSQL reads the whole table, and other sessions wait for its lock meanwhile. A constraint that is added NOT VALID takes its lock for an instant; VALIDATE CONSTRAINT then checks the rows while the application goes on. It is an error if some tenant's table is known to be big.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text);`,
      sql: `ALTER TABLE "users" ALTER COLUMN "email" SET NOT NULL;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "age" integer);`,
      sql: `ALTER TABLE "users" ADD CONSTRAINT "adult" CHECK ("age" >= 18);`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);
CREATE TABLE "posts" ("id" integer PRIMARY KEY, "author" integer);`,
      sql: `ALTER TABLE "posts" ADD CONSTRAINT "posts_author_fk" FOREIGN KEY ("author") REFERENCES "users" ("id");`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ADD COLUMN "age" integer CHECK ("age" >= 18);`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "age" integer);`,
      sql: `ALTER TABLE "users" ADD CONSTRAINT "adult" CHECK ("age" >= 18) NOT VALID;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "age" integer);
ALTER TABLE "users" ADD CONSTRAINT "adult" CHECK ("age" >= 18) NOT VALID;`,
      sql: `ALTER TABLE "users" VALIDATE CONSTRAINT "adult";`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text);
ALTER TABLE "users" ADD CONSTRAINT "has_email" CHECK ("email" IS NOT NULL) NOT VALID;
ALTER TABLE "users" VALIDATE CONSTRAINT "has_email";`,
      sql: `ALTER TABLE "users" ALTER COLUMN "email" SET NOT NULL;`,
    },
  ],
  find({ effects, kind, body }, context) {
    // Other rules are about these.
    if (/^(Index|Reindex|Vacuum|Cluster|RefreshMatView)Stmt$/.test(kind)) return [];
    const commands = commandsOf(kind, body);
    if (commands.some(({ subtype }) => subtype === "AT_AttachPartition")) return [];
    if (commands.some(({ def }) => /^CONSTR_(UNIQUE|PRIMARY|EXCLUSION)$/.test(String(def.contype))))
      return [];
    const rewritten = new Set(effects.rewritten.map(nameOf));
    const locked = new Set(
      effects.locks.flatMap((lock) => (blocksWrites.has(lock.mode) ? nameOf(lock) : [])),
    );
    return effects.scanned
      .filter((table) => locked.has(nameOf(table)) && !rewritten.has(nameOf(table)))
      .map((table) => {
        const size = context.sizeOf(table);
        return {
          message: `${nameOf(table)} is read completely while its lock blocks other sessions`,
          remedy: remedyFor(
            table.name,
            commands.some(({ subtype }) => subtype === "AT_SetNotNull"),
          ),
          ...(isSmall(table, context)
            ? { severity: "info" as const }
            : size === undefined
              ? {}
              : { severity: "error" as const }),
        };
      });
  },
};

function remedyFor(table: string, isNotNull: boolean): string {
  return isNotNull
    ? `Add a check that takes its lock for an instant: ALTER TABLE "${table}" ADD CONSTRAINT "<name>" CHECK ("<column>" IS NOT NULL) NOT VALID; in a later migration: ALTER TABLE "${table}" VALIDATE CONSTRAINT "<name>"; SET NOT NULL then needs no scan, and the check can be dropped.`
    : `Add the constraint with NOT VALID at its end, and check the rows in a later migration: ALTER TABLE "${table}" VALIDATE CONSTRAINT "<name>";`;
}
