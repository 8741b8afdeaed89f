import { type Command, InvalidArgumentError, Option } from "commander";
import { parseAmount, parseDuration } from "../config/quantities.ts";
import type { FleetConfig } from "../config/schema.ts";
import type { Amount } from "../core/amount.ts";
import { FleetError } from "../core/errors.ts";
import type { Offline } from "../fleet/offline.ts";
import type { RolloutRequest } from "../fleet/rollout-request.ts";
import type { MigrateRequest } from "../operations/migrate.ts";
import { addSelectionOptions, type SelectionOptions, selectionOf } from "./context.ts";
import { writeScript } from "./output.ts";

/** Options that say which targets are changed, and in which waves: what a plan shows. */
interface PlanCommandOptions extends SelectionOptions {
  readonly failed?: boolean;
  readonly canary?: string;
  readonly wave?: string;
}

/** Options of every verb that changes a fleet. */
export interface RunCommandOptions extends PlanCommandOptions {
  readonly soak?: number;
  readonly verify?: string;
  readonly onError?: "continue" | "stop";
  readonly maxFailures?: Amount;
  readonly concurrency?: number;
  readonly lockTimeout?: number;
  readonly statementTimeout?: number;
}

/** Options of the verbs that plan or run migrations. */
export interface RolloutCommandOptions extends RunCommandOptions {
  readonly to?: string;
  readonly allowOutOfOrder?: boolean;
}

export function addRolloutOptions(command: Command): Command {
  return addMigrationOptions(command, addRunOptions);
}

/** What of `addRolloutOptions` a plan depends on. */
export function addPlanOptions(command: Command): Command {
  return addMigrationOptions(command, addDivisionOptions);
}

function addMigrationOptions(command: Command, addOthers: (command: Command) => Command): Command {
  return addOthers(
    command.option("--to <tag>", "the last migration to apply (default: head)"),
  ).option("--allow-out-of-order", "apply migrations that were merged late");
}

function addDivisionOptions(command: Command): Command {
  return addSelectionOptions(command)
    .option("--failed", "only what earlier runs of this command left undone")
    .option("--canary <who>", "these tenants or groups first, or so many tenants")
    .option("--wave <size>", "tenants per wave: 50, 10%, or groups in their order");
}

export function addRunOptions(command: Command): Command {
  return addDivisionOptions(command)
    .option("--soak <duration>", "wait so long between two waves: 30s, 5m", durationOf)
    .option("--verify <command>", "judge each wave; outcomes as JSON on its input")
    .option("--on-error <policy>", "continue, or stop at the first failed target", policyOf)
    .option("--max-failures <amount>", "stop when more targets fail: 5, 1%", amountOf)
    .option("--concurrency <number>", "targets at a time in each database", numberOption)
    .option("--lock-timeout <duration>", "wait so long for a lock: 500ms, 2s", durationOf)
    .option("--statement-timeout <duration>", "end a longer statement: 90s, 1h", durationOf);
}

/** Options of the verbs that can write a script instead. */
export interface OfflineOptions {
  /** True without a folder. */
  readonly sql?: string | true;
  readonly from?: string;
}

/** A script has no waves, nobody to judge them, and no outcomes. */
const notWithSql = [
  ...["dryRun", "json", "failed", "canary", "wave", "soak", "verify"],
  ...["onError", "maxFailures", "concurrency"],
];

export function addOfflineOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--sql [folder]",
        "write it as SQL for psql: to standard output, or a file per target",
      ).conflicts(notWithSql),
    )
    .option(
      "--from <tag>",
      "with --sql: do not connect; targets are at this migration, or at base",
    );
}

/** What is to be written instead of run; undefined without --sql. */
export function offlineOf({ sql, from }: OfflineOptions): Offline | undefined {
  if (sql === undefined && from === undefined) return undefined;
  if (sql === undefined)
    throw new FleetError("usage", "--from is for --sql alone", {
      remedy: "What runs here reads where each target stands. Add --sql, or leave --from out.",
    });
  return {
    ...given("from", from),
    ...(sql === true ? {} : { folder: sql }),
    write: writeScript,
  };
}

/** The options together with the configuration's defaults. */
export function requestOf(options: RolloutCommandOptions, fleet: FleetConfig): MigrateRequest {
  return {
    ...runRequestOf(options, fleet),
    ...given("to", options.to),
    ...given("allowOutOfOrder", options.allowOutOfOrder),
  };
}

/** What every verb that changes a fleet takes from its options and the configuration's defaults. */
export function runRequestOf(options: RunCommandOptions, fleet: FleetConfig): RolloutRequest {
  const { rollout } = fleet;
  // What is said on the command line counts before all that the configuration says of it.
  const said =
    options.onError ?? (options.maxFailures === undefined ? rollout.onError : "continue");
  const limit = options.maxFailures ?? rollout.maxFailures;
  return {
    ...selectionOf(options),
    ...given("failed", options.failed),
    ...given("canary", options.canary ?? rollout.canary),
    ...given("wave", options.wave ?? rollout.wave),
    soakMs: options.soak ?? rollout.soak,
    ...given("verify", options.verify ?? rollout.verify),
    ...given("maxFailures", said === "stop" ? { count: 0 } : limit),
    ...given("concurrency", options.concurrency),
    timeouts: {
      ...given("lock", options.lockTimeout),
      ...given("statement", options.statementTimeout),
    },
  };
}

function given<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
}

function durationOf(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === undefined) throw new InvalidArgumentError("Write a duration such as 30s or 5m.");
  return parsed;
}

function amountOf(text: string): Amount {
  const parsed = parseAmount(text);
  if (parsed === undefined)
    throw new InvalidArgumentError("Write a number, or a share such as 1%.");
  return parsed;
}

/** Reads an option that is a number from 1 to 1000. */
export function numberOption(text: string): number {
  const parsed = Number(text);
  if (!Number.isInteger(parsed) || parsed < 1 || parsed > 1_000)
    throw new InvalidArgumentError("Write a number from 1 to 1000.");
  return parsed;
}

function policyOf(text: string): "continue" | "stop" {
  if (text !== "continue" && text !== "stop")
    throw new InvalidArgumentError("Write continue or stop.");
  return text;
}
