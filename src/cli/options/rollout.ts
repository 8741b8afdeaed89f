import { type Command, Option } from "commander";
import type { FleetConfig } from "../../config/schema.ts";
import type { Amount } from "../../core/amount.ts";
import type { RolloutRequest } from "../../fleet/rollout-request.ts";
import type { MigrateRequest } from "../../operations/migrate.ts";
import type { Verbosity } from "../../report/progress.ts";
import { groups } from "../help/sections.ts";
import {
  addConnectTimeout,
  addGeneralOptions,
  addJsonOption,
  type CommonOptions,
  type ConnectingOptions,
} from "./common.ts";
import { addSelection, type SelectionOptions, selectionOf } from "./selection.ts";
import { amountValue, countValue, durationValue } from "./values.ts";

/** Options that say how much a rollout reports. */
export interface ReportOptions extends CommonOptions, ConnectingOptions {
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  readonly grace?: number;
}

/** Options of every verb that changes a fleet. */
export interface RunOptions extends SelectionOptions, ReportOptions {
  readonly failed?: boolean;
  readonly canary?: string;
  readonly wave?: string;
  readonly soak?: number;
  readonly verify?: string;
  readonly onError?: "continue" | "stop";
  readonly maxFailures?: Amount;
  readonly concurrency?: number;
  readonly lockTimeout?: number;
  readonly statementTimeout?: number;
}

/** Options of the verbs that plan or run migrations. */
export interface MigrationOptions extends RunOptions {
  readonly to?: string;
  readonly contract?: boolean;
  readonly contractAll?: boolean;
  readonly allowOutOfOrder?: boolean;
  readonly requireNoDrift?: boolean;
  readonly acceptFailures?: Amount;
}

/** Adds which migrations are applied, and to which targets not. */
export function addMigrationOptions(command: Command): Command {
  return addMigrationChoice(command).option(
    "--require-no-drift",
    "refuse targets whose schema is not what their ledger says",
  );
}

/** Adds which migrations are applied. */
export function addMigrationChoice(command: Command): Command {
  return command
    .optionsGroup(groups.migrations)
    .option("--to <tag>", "last migration to apply (default: head)")
    .option("--contract", "also apply contracts that are ripe; otherwise they are held back")
    .addOption(
      new Option("--contract-all", "also apply contracts that are not ripe").conflicts("contract"),
    )
    .option("--allow-out-of-order", "apply migrations that were merged after later migrations");
}

/**
 * Adds which targets are changed, and in which waves.
 *
 * @param verb the verb whose earlier runs `--failed` continues
 */
export function addPlanOptions(command: Command, verb = command.name()): Command {
  return addWaveOptions(
    addSelection(command).option(
      "--failed",
      `select only targets that earlier runs of ${verb} left unfinished`,
    ),
  );
}

/** Adds in which waves targets are changed. */
export function addWaveOptions(command: Command): Command {
  return command
    .optionsGroup(groups.waves)
    .option(
      "--canary <tenants|count>",
      "tenants or groups to migrate first, or a number of tenants",
    )
    .option(
      "--wave <count|percent|groups>",
      "tenants per wave, such as 50 or 10%; or groups in order",
    );
}

/** Adds all of `RunOptions` except those of the report. */
export function addRunOptions(command: Command): Command {
  return addPolicyOptions(addPlanOptions(command));
}

/** Adds how a rollout goes on after each wave and each failure, and its limits. */
export function addPolicyOptions(command: Command): Command {
  command
    .optionsGroup(groups.waves)
    .option("--soak <duration>", "pause between waves, such as 5m", durationValue)
    .option("--verify <command>", "shell command that must succeed after each wave")
    .optionsGroup(groups.failures)
    .addOption(
      new Option(
        "--on-error <policy>",
        "continue with other targets, or stop at the first failure",
      ).choices(["continue", "stop"]),
    )
    .option("--max-failures <count|percent>", "stop when more targets than this fail", amountValue);
  return addLimitOptions(command);
}

/** Adds how many targets are worked on at the same time, and how long statements and locks may take. */
export function addLimitOptions(command: Command): Command {
  return command
    .optionsGroup(groups.limits)
    .option(
      "--concurrency <count>",
      "targets to run at the same time in each database (default: 4)",
      countValue,
    )
    .option("--lock-timeout <duration>", "how long to wait for a lock (default: 2s)", durationValue)
    .option(
      "--statement-timeout <duration>",
      "cancel statements running longer than this (default: 15m)",
      durationValue,
    );
}

/** Adds the output and general options of a verb that runs a rollout. Call it last. */
export function addRolloutReport(command: Command): Command {
  command
    .optionsGroup(groups.limits)
    .option(
      "--grace <duration>",
      "time to finish after a first signal, then cancel (default: 20s; none on a terminal)",
      durationValue,
    );
  return addGeneralOptions(
    addJsonOption(addConnectTimeout(command))
      .addOption(
        new Option("-v, --verbose", "print every target's outcome and every retry").conflicts([
          "quiet",
          "json",
        ]),
      )
      .addOption(new Option("-q, --quiet", "print only problems").conflicts("json")),
  );
}

export function verbosityOf({ verbose, quiet }: ReportOptions): Verbosity {
  return verbose === true ? "verbose" : quiet === true ? "quiet" : "usual";
}

/** A request to migrate: the options, then the configuration's defaults. */
export function migrateRequestOf(options: MigrationOptions, fleet: FleetConfig): MigrateRequest {
  return {
    ...runRequestOf(options, fleet),
    ...given("to", options.to),
    ...contractOf(options),
    ...given("allowOutOfOrder", options.allowOutOfOrder),
    ...given("requireNoDrift", options.requireNoDrift),
  };
}

function contractOf({ contract, contractAll }: MigrationOptions): Pick<MigrateRequest, "contract"> {
  if (contractAll === true) return { contract: "all" };
  return contract === true ? { contract: "ripe" } : {};
}

/** What the requests of all verbs that change a fleet have in common. */
export function runRequestOf(options: RunOptions, fleet: FleetConfig): RolloutRequest {
  const { rollout } = fleet;
  // --max-failures overrides a configured onError: the command line takes precedence over the configuration.
  const policy =
    options.onError ?? (options.maxFailures === undefined ? rollout.onError : "continue");
  const limit = options.maxFailures ?? rollout.maxFailures;
  return {
    ...selectionOf(options),
    ...given("failed", options.failed),
    ...given("canary", options.canary ?? rollout.canary),
    ...given("wave", options.wave ?? rollout.wave),
    soakMs: options.soak ?? rollout.soak,
    ...given("verify", options.verify ?? rollout.verify),
    ...given("maxFailures", policy === "stop" ? { count: 0 } : limit),
    ...given("concurrency", options.concurrency),
    timeouts: {
      ...given("lock", options.lockTimeout),
      ...given("statement", options.statementTimeout),
    },
  };
}

/** An object with this key, or an empty one if there is no value. */
export function given<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
}
