import { join } from "node:path";
import { expect, test } from "vitest";
import { declaredIn } from "../../src/lint/declared.ts";
import { readFolder } from "../../src/source/folder.ts";
import { readNearest, storedIn } from "../../src/source/stored-snapshot.ts";
import { createDatabase } from "../support/database.ts";
import { findingsIn, migrationOf, traced } from "../support/lint.ts";
import { repository } from "../support/repository.ts";

test("a snapshot of drizzle-kit 0.31 tells which tables and columns a release declares", async () => {
  const folder = await readFolder(join(repository, "drizzle/auth"));
  const stored = await readNearest(folder ?? { migrations: [] }, 0);
  const declared = stored && declaredIn(stored);
  expect([...(declared?.get("sessions") ?? [])]).toContain("user_id");
  expect(declared?.has("audit_log")).toBe(false);
});

test("a snapshot of drizzle-kit 1.0 tells the same", () => {
  const stored = storedIn({
    ...{ id: "1", prevIds: ["0"] },
    ddl: [
      { entityType: "tables", name: "users" },
      { entityType: "columns", table: "users", name: "id" },
      { entityType: "indexes", table: "users", name: "users_idx" },
    ],
  });
  expect(stored && [...declaredIn(stored)]).toEqual([["users", new Set(["id"])]]);
});

test("contract-early is about what the previous release declares, not about what exists", async () => {
  const { url } = await createDatabase();
  const history = [
    migrationOf(
      "0000",
      `CREATE TABLE "users" ("id" integer PRIMARY KEY, "nick" text, "old" text);`,
    ),
    migrationOf("0001", `ALTER TABLE "users" DROP COLUMN "nick", DROP COLUMN "old";`),
  ];
  const migrations = await traced(url, history);
  const early = findingsIn(migrations, {
    declaredBefore: () => new Map([["users", new Set(["id", "nick"])]]),
  }).filter(({ rule }) => rule === "contract-early");
  expect(early.map(({ message }) => message)).toEqual([
    "users.nick is dropped, but programs of the previous release still declare it",
  ]);
});
