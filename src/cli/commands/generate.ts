import { type Command, Option } from "commander";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups } from "../help/sections.ts";
import { addCommonOptions } from "../options/common.ts";
import { addProofOptions } from "../options/proof.ts";
import { addServices } from "../options/selection.ts";
import { collect, waitValue } from "../options/values.ts";
import { newVerb, type Verb } from "../verb.ts";
import {
  acceptEditedMigrations,
  type GenerateFlags,
  runProve,
  writeDowns,
  writeMigrations,
  writeReworded,
  writeSnapshots,
} from "./generate-modes.ts";

export function generateVerb(): Verb {
  const command = newVerb("generate", {
    summary: "write a migration and its down for each service whose schema changed",
    details: `
generate never guesses a rename. On a terminal, it asks about each one, and before it drops several tables at once.
Without a terminal, answer with --rename and --drop; otherwise it lists the options to add and exits with code 2. The
kinds are table, column, enum, view, sequence and policy. Prefix a column or policy with its table, using the table's
new name.

Before generate writes a migration, it runs the migration, its down, and the migration again on a server.`,
    examples: [
      ["write a migration for each service that changed", "npx drizzle-fleet generate"],
      ["name the migration of one service", "npx drizzle-fleet generate auth --name add_avatar"],
      [
        "declare a rename without a terminal",
        "npx drizzle-fleet generate --rename column:users.email=mail",
      ],
      [
        "write an empty migration for a backfill",
        "npx drizzle-fleet generate auth --custom --name backfill",
      ],
      [
        "drop a column two weeks after no release needs it",
        "npx drizzle-fleet generate auth --split 14d",
      ],
      ["write the downs that are missing", "npx drizzle-fleet generate --down"],
    ],
    exitCodes: {
      0: "done, or nothing changed",
      1: "a database is unreachable",
      2: "invalid usage, configuration or schema; nothing was written",
      3: "a file must be finished by hand, or a proof found a problem",
      130: "interrupted by a signal, or at a prompt; nothing was written",
    },
    page: "migrations.md",
  });
  addModes(addProofOptions(addMigrationOptions(command)));
  return { command: addCommonOptions(addServices(command)), run: runGenerate };
}

function addMigrationOptions(command: Command): Command {
  return command
    .optionsGroup(groups.options)
    .option("-n, --name <name>", "migration name (after the number)")
    .addOption(
      new Option("--custom", "write an empty migration to fill in, such as a backfill").conflicts([
        "rename",
        "drop",
        "split",
      ]),
    )
    .option(
      "--rename <kind:old=new>",
      "declare a rename, such as column:users.email=mail (repeatable)",
      collect,
    )
    .option("--drop <kind:old>", "confirm a drop, such as table:posts (repeatable)", collect)
    .option(
      "--split <duration>",
      "hold back what code of the old release needs, as a contract, for this long, such as 14d",
      waitValue,
    )
    .option("--no-split", "write one migration, even if expandContract is configured")
    .option("--by-hand", "write SQL even if it is refused or incomplete, to finish it by hand")
    .option("--dry-run", "show what would be written");
}

/** Options that describe a new migration. */
const ofMigrations = ["name", "custom", "byHand", "rename", "drop", "split"];

function addModes(command: Command): Command {
  return command
    .optionsGroup("Instead of a migration:")
    .addOption(
      new Option("--down", "write only the downs that are missing").conflicts([
        "accept",
        ...ofMigrations,
      ]),
    )
    .addOption(
      new Option("--prove", "prove all migrations on a server, and record the proofs").conflicts([
        ...["accept", "down", "dryRun"],
        ...ofMigrations,
      ]),
    )
    .addOption(
      new Option(
        "--reworded",
        "record a Drizzle schema that is written differently but produces the same catalog, in a migration without SQL",
      ).conflicts(["accept", "down", "prove", "custom", "byHand", "rename", "drop"]),
    )
    .addOption(
      new Option(
        "--accept",
        "record the new checksums of edited migrations that no tenant has applied",
      ).conflicts(["dryRun", ...ofMigrations]),
    )
    .addOption(
      new Option(
        "--snapshot",
        "write the missing snapshot of the newest migration from the Drizzle schema",
      ).conflicts(["accept", "down", "prove", ...ofMigrations]),
    );
}

/** What generate does instead of writing a migration, by the option that asks for it. */
const modes: readonly (readonly [keyof GenerateFlags, typeof writeMigrations])[] = [
  ["accept", acceptEditedMigrations],
  ["snapshot", writeSnapshots],
  ["prove", runProve],
  ["down", writeDowns],
  ["reworded", writeReworded],
];

async function runGenerate(
  _: string[],
  options: GenerateFlags,
  command: Command,
): Promise<ExitCode> {
  if (options.custom === true && (options.service ?? []).length === 0)
    command.error("error: --custom requires a service");
  const run = modes.find(([option]) => options[option] === true)?.[1] ?? writeMigrations;
  return (await run(options)) ? exitCode.done : exitCode.found;
}
