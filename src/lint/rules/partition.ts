import { nameOf, type Rule, unlessSmall } from "../rule.ts";
import { commandsOf, relationIn } from "../tree-parts.ts";

export const partition: Rule = {
  id: "partition",
  severity: "warning",
  summary: "attaching a partition reads it under a lock, or detaching one locks the whole table",
  why: "ATTACH PARTITION checks every row of the new partition, and of the default partition, under an ACCESS EXCLUSIVE lock on them, unless a valid CHECK constraint already shows that the rows belong there. DETACH PARTITION without CONCURRENTLY locks the whole partitioned table against reads and writes.",
  bad: [
    {
      before: `CREATE TABLE "logs" ("day" integer NOT NULL) PARTITION BY RANGE ("day");
CREATE TABLE "logs_1" ("day" integer NOT NULL);`,
      sql: `ALTER TABLE "logs" ATTACH PARTITION "logs_1" FOR VALUES FROM (1) TO (2);`,
    },
    {
      before: `CREATE TABLE "logs" ("day" integer NOT NULL) PARTITION BY RANGE ("day");
CREATE TABLE "logs_1" PARTITION OF "logs" FOR VALUES FROM (1) TO (2);`,
      sql: `ALTER TABLE "logs" DETACH PARTITION "logs_1";`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "logs" ("day" integer NOT NULL) PARTITION BY RANGE ("day");
CREATE TABLE "logs_1" ("day" integer NOT NULL, CHECK ("day" >= 1 AND "day" < 2));`,
      sql: `ALTER TABLE "logs" ATTACH PARTITION "logs_1" FOR VALUES FROM (1) TO (2);`,
    },
    {
      before: `CREATE TABLE "logs" ("day" integer NOT NULL) PARTITION BY RANGE ("day");
CREATE TABLE "logs_1" PARTITION OF "logs" FOR VALUES FROM (1) TO (2);`,
      sql: `ALTER TABLE "logs" DETACH PARTITION "logs_1" CONCURRENTLY;`,
    },
  ],
  find({ kind, body, source, effects, isNew }, context) {
    const table = relationIn(body.relation, source);
    if (table === undefined) return [];
    return commandsOf(kind, body).flatMap(({ subtype, def }) => {
      const child = relationIn(def.name, source);
      if (subtype === "AT_AttachPartition" && effects.scanned.length > 0)
        return [
          {
            message: `${effects.scanned.map(nameOf).join(", ")} is read completely under an ACCESS EXCLUSIVE lock`,
            remedy: `Add a CHECK constraint that says what the bounds say, NOT VALID, and VALIDATE it in an earlier migration, with NOT NULL for a range: ALTER TABLE "${child?.name}" ADD CONSTRAINT "<name>" CHECK (<bounds>) NOT VALID;`,
            ...unlessSmall(effects.scanned, context),
          },
        ];
      if (subtype !== "AT_DetachPartition" || def.concurrent === true || isNew(table)) return [];
      return [
        {
          message: `detaching ${child?.name} locks ${nameOf(table)} with all its partitions against reads and writes`,
          remedy: `Write ALTER TABLE "${table.name}" DETACH PARTITION "${child?.name}" CONCURRENTLY; (not possible if there is a default partition)`,
        },
      ];
    });
  },
};
