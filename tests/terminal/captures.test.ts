import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { appSchema, createCapturedFleet, inSchemas } from "../support/captured-fleet.ts";
import { runCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { writeFiles } from "../support/fleet.ts";
import { masked } from "../support/mask.ts";
import { repository } from "../support/repository.ts";
import { openTerminals, type Terminal } from "../support/tmux.ts";

const captures = join(repository, "tests/terminal/captures");

const verbs =
  "generate check merge plan migrate preflight downgrade status wait drift history heads rollouts repair stamp tenants dev init";
const tenantsVerbs =
  "list add adopt switch grant archive restore remove rename clone export import";

/** `app` lacks its second migration in every tenant. */
const behind = inSchemas(
  ["app\\_%"],
  `ALTER TABLE %1$I.users DROP COLUMN IF EXISTS email, DROP CONSTRAINT IF EXISTS users_name_unique;
   DELETE FROM %1$I.users; DELETE FROM %1$I.__fleet_ledger WHERE tag LIKE '0001%%'`,
);

/** 120 tenants have rows that the second migration refuses. */
const refusing = inSchemas(
  ["app\\_t0%", "app\\_t10%", "app\\_t11%", "app\\_t120"],
  "INSERT INTO %1$I.users (id, name) VALUES (1, 'Ann'), (2, 'Ann')",
);

/** An edited migration, a missing schema and a missing table. */
const damaged = `
  UPDATE app_t200.__fleet_ledger SET checksum = repeat('0', 64) WHERE tag LIKE '0001%';
  DROP SCHEMA app_t201 CASCADE; DROP TABLE billing_t202.invoices`;

/** Gives recorded rollouts the same user and duration in every run. */
const fixedRollouts =
  "UPDATE drizzle_fleet.rollouts SET started_by = 'ann@office', ended_at = started_at + interval '2.5 s'";

interface Stage {
  readonly folder: string;
  readonly database: TestDatabase;
  /** Runs a command that is not captured, and must succeed. */
  cli(command: string): Promise<void>;
  /** Captures a command at every width. `putBack` is SQL that undoes the changes of a command. */
  show(name: string, command: string, putBack?: string): Promise<void>;
  /** Captures a command that asks a question, at every width, and then interrupts it. */
  ask(name: string, command: string, question: RegExp): Promise<void>;
  /** Captures a command while it waits, in one window that is made wider; `holder` lets it end. */
  wait(name: string, command: string, waits: RegExp, holder: () => Promise<unknown>): Promise<void>;
  /** The files of all captures. */
  readonly shown: ReadonlySet<string>;
}

const widths = [40, 80, 120] as const;

async function openStage(): Promise<Stage> {
  const database = await createDatabase();
  const environment = { DATABASE_URL: database.url };
  const folder = await createCapturedFleet(environment);
  const PATH = `${folder}/bin:${process.env.PATH}`;
  const windows = await openTerminals(widths, folder, { ...environment, PATH });
  const shown = new Set<string>();
  const keep = async (columns: number, name: string, screen: string) => {
    const file = `${columns}/${name}.txt`;
    shown.add(file);
    await expect.soft(`${masked(screen, columns)}\n`).toMatchFileSnapshot(join(captures, file));
  };
  const each = (use: (window: Terminal, columns: number) => Promise<unknown>) =>
    Promise.all(windows.map((window, index) => use(window, widths[index] ?? 0)));
  return {
    ...{ folder, database, shown },
    cli: async (command) => {
      const { code, stdout, stderr } = await runCli(folder, command.split(" "), environment);
      if (code !== 0) throw new Error(`${command}: ${stdout}${stderr}`);
    },
    show: async (name, command, putBack) => {
      let before: Promise<unknown> = Promise.resolve();
      await each((window, columns) => {
        const run = async () => {
          if (putBack !== undefined) await database.query(putBack);
          await window.begin(`drizzle-fleet ${command}`);
          await keep(columns, name, await window.end());
        };
        // Commands that change something run one after the other.
        before = putBack === undefined ? run() : before.then(run);
        return before;
      });
    },
    ask: async (name, command, question) => {
      // One window at a time, because the command waits for an answer.
      for (const [index, window] of windows.entries()) {
        await window.begin(`drizzle-fleet ${command}`);
        const screen = await window.shows((all) => question.test(all));
        await keep(widths[index] ?? 0, name, screen);
        await window.press("C-c");
        expect(await window.end()).toContain("[exit 130]");
      }
    },
    wait: async (name, command, waits, holder) => {
      const [window] = windows;
      if (window === undefined) throw new Error("no window");
      await window.begin(`drizzle-fleet ${command}`);
      let last = "";
      for (const columns of widths) {
        await window.resize(columns);
        // The progress bar is redrawn once a second.
        const isRedrawn = (line: string) => waits.test(line) && line.length > last.length;
        const screen = await window.shows((all) => isRedrawn(lastLine(all)));
        last = lastLine(screen);
        await keep(columns, name, screen);
      }
      await holder();
      await window.end();
      await window.resize(widths[0]);
    },
  };
}

const lastLine = (screen: string) => screen.slice(screen.lastIndexOf("\n") + 1);

test("the output of every verb for 300 tenants, in windows of 40, 80 and 120 columns, equals the captures", {
  timeout: 180_000,
}, async () => {
  const stage = await openStage();
  const { show } = stage;
  await show("help", "--help");
  for (const verb of verbs.split(" ")) await show(`help-${verb}`, `${verb} --help`);
  for (const verb of tenantsVerbs.split(" "))
    await show(`help-tenants-${verb}`, `tenants ${verb} --help`);
  await showFirstDay(stage);
  await showMigrate(stage);
  await showDamage(stage);
  await showTenants(stage);
  await showFiles(stage);
  // Vitest writes new captures when all tests have ended.
  await mkdir(captures, { recursive: true });
  const files = await readdir(captures, { recursive: true });
  const left = files.filter((file) => file.endsWith(".txt") && !stage.shown.has(file));
  expect(left, "captures that nothing makes any more: remove them").toEqual([]);
});

async function showFirstDay({ show, ask, cli }: Stage): Promise<void> {
  await show("init-refused", "init");
  await ask(
    "init",
    "init --config plain.config.ts --service shop --tenant-schema shop_{tenant} --tenants a,b",
    /\[y\/N\]$/,
  );
  await show("plan-new", "plan --config list.config.ts");
  await show("status-new", "status --config list.config.ts");
  await cli("migrate --config list.config.ts --to 0000_init app");
  await cli("migrate --config list.config.ts billing");
  await show("tenants-switch", "tenants switch registry --config list.config.ts --dry-run");
  await cli("tenants switch registry --config list.config.ts");
}

async function showMigrate({ show, wait, database }: Stage): Promise<void> {
  await show("plan", "plan");
  await show("migrate-dry-run", "migrate --dry-run --canary 2 --wave 100");
  await show("migrate", "migrate", behind);
  await show("migrate-waves", "migrate --canary 2 --wave 100", behind);
  await show("migrate-nothing", "migrate");
  await show("status", "status");
  const holder = await database.connect();
  await database.query(behind);
  await holder.query("BEGIN; LOCK TABLE app_t150.users");
  await wait("migrate-waiting", "migrate --lock-timeout 60s", /t150: held by/, () =>
    holder.query("ROLLBACK"),
  );
  await show("migrate-failing", "migrate", `${behind}; ${refusing}`);
}

async function showDamage({ show, ask, database }: Stage): Promise<void> {
  await database.query(damaged);
  await database.query(fixedRollouts);
  await show("status-damaged", "status");
  await show("plan-damaged", "plan");
  await show("history", "history");
  await show("heads", "heads");
  await show("rollouts", "rollouts --limit 5");
  const [rollout] = await database.query<{ id: string }>(
    "SELECT id FROM drizzle_fleet.rollouts ORDER BY started_at DESC LIMIT 1",
  );
  await show("rollouts-one", `rollouts ${rollout?.id}`);
  await show("stamp-dry-run", "stamp head app --dry-run");
  await ask("stamp", "stamp head app", /\[y\/N\]$/);
  await show("downgrade-dry-run", "downgrade -1 app --dry-run");
}

async function showTenants({ show, ask }: Stage): Promise<void> {
  await show("tenants-list", "tenants list");
  await ask("tenants-remove", "tenants remove t007", /to confirm:$/);
  await show("tenants-unknown", "tenants remove t0007");
}

async function showFiles({ show, ask, folder }: Stage): Promise<void> {
  await show("check", "check");
  await show("merge-nothing", "merge");
  await show("generate-nothing", "generate --dry-run");
  await writeFiles(folder, { "schema/app.ts": appSchema.changed });
  await show("check-finding", "check");
  await show("generate-dry-run", "generate --dry-run --no-proof --drop column:users.email");
  await ask("generate", "generate --no-proof", /Choose 1-2:$/);
  const email = join(folder, "drizzle/app/0001_email.sql");
  await writeFiles(folder, {
    "drizzle/app/0001_email.sql": `${await readFile(email, "utf8")}-- reviewed\n`,
  });
  await show("check-edited", "check");
  await ask("repair", "repair", /\[y\/N\]$/);
  await writeFiles(folder, {
    "drizzle/app/0001_email.sql": `ALTER TABLE users ADD COLUMN email text;\nCREATE TABLE "billing"."cards" (id int);\n`,
  });
  await show("plan-refused", "plan");
}
