import { foundProblem, type PreflightReport } from "../../core/preflight.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { addCommonOptions, addConnectTimeout } from "../options/common.ts";
import {
  addPreflightOptions,
  type PreflightOptions as RehearsalOptions,
  rehearsalOf,
} from "../options/preflight.ts";
import {
  addLimitOptions,
  addMigrationChoice,
  addWaveOptions,
  given,
  type MigrationOptions,
  runRequestOf,
} from "../options/rollout.ts";
import { addSelection } from "../options/selection.ts";
import { printResult } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";

interface PreflightOptions extends MigrationOptions, RehearsalOptions {}

export function preflightVerb(): Verb {
  const command = newVerb("preflight", {
    summary: "find the tenants that a migration would fail on, and what is in the way",
    details: `
preflight asks every tenant with pending migrations whether they would succeed there: NULLs before SET NOT NULL,
duplicates before UNIQUE, rows without a parent before a foreign key, values that a CHECK or a new type refuses, missing
privileges. It reads only, and counts rows without reading them. It also reports what is in the way now, how long each
wave would take, and what it could not check.

--rehearse also runs the pending migrations of each tenant in a transaction that is rolled back. That takes the same
locks as the migration for a moment, and advances sequences.`,
    examples: [
      ["check every tenant", "npx drizzle-fleet preflight"],
      ["check one service, and rehearse it", "npx drizzle-fleet preflight auth --rehearse"],
      [
        "check, then migrate what would not fail",
        "npx drizzle-fleet migrate --preflight --failing skip",
      ],
    ],
    environment: ["TENANTS"],
    exitCodes: {
      0: "nothing was found",
      1: "a database is unreachable",
      2: true,
      3: "a target would fail, or something is in the way",
      130: true,
    },
    page: "preflight.md",
  });
  addMigrationChoice(command);
  addPreflightOptions(addWaveOptions(addSelection(command)));
  return {
    command: addCommonOptions(addConnectTimeout(addLimitOptions(command))),
    run: runPreflight,
  };
}

async function runPreflight(_: string[], options: PreflightOptions): Promise<ExitCode> {
  const { preflight } = await import("../../operations/preflight.ts");
  const { preflightText, showChecking } = await import("../../report/preflight.ts");
  const context = await createContext(options);
  const request = {
    ...runRequestOf(options, context.config.fleet),
    ...given("to", options.to),
    ...given("allowOutOfOrder", options.allowOutOfOrder),
    ...rehearsalOf(options),
  };
  const progress = showChecking(process.stderr);
  const report = await preflight(context, request, options.json === true ? undefined : progress);
  await printResult(options, report, preflightText(report));
  return exitCodeOfReport(report);
}

function exitCodeOfReport(report: PreflightReport): ExitCode {
  if (!foundProblem(report)) return exitCode.done;
  const found = report.obstacles.filter(({ severity }) => severity === "error");
  const isUnreachable =
    report.failing.length === 0 && found.every(({ kind }) => kind === "unusable");
  return isUnreachable ? exitCode.failed : exitCode.found;
}
