import { Option } from "commander";
import { FleetError } from "../../core/errors.ts";
import type { DriftResult } from "../../drift/result.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups } from "../help/sections.ts";
import type { ConnectingOptions } from "../options/common.ts";
import { addRolloutReport } from "../options/rollout.ts";
import { addSelection } from "../options/selection.ts";
import { printCommands, printJson, printText } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";
import { addFixOptions, driftRequestOf, type FixOptions, isClean, runFix } from "./drift-fix.ts";

interface DriftOptions extends FixOptions, ConnectingOptions {
  readonly format?: "text" | "json" | "github" | "markdown";
}

export function driftVerb(): Verb {
  const command = newVerb("drift", {
    summary: "find tenants whose schema is not what their ledger says",
    details: `
drift compares every object, definition and privilege of every tenant schema with a replay of exactly the migrations in
its ledger. Pending migrations are not drift. Owners, privileges and publications are compared with those of most
tenants, because no migration sets them. Without --fix, it changes no tenant schema.

--fix repairs what differs, after it has shown the SQL and asked. Each repair is proved on a copy of a tenant in a
scratch schema, and every tenant is compared again before its transaction is committed. --fix removes nothing that is
not expected, unless you add --allow-drops: and then only tables and columns without data.

The replay needs a database for scratch schemas on a server of the same version: proofDatabase in the configuration, or
the embedded PostgreSQL.`,
    examples: [
      ["compare every tenant", "npx drizzle-fleet drift"],
      ["compare one tenant", "npx drizzle-fleet drift --tenant acme"],
      ["repair what differs, after confirmation", "npx drizzle-fleet drift --fix"],
      ["write the repairs as SQL for psql", "npx drizzle-fleet drift --sql repairs"],
      [
        "compare tenants with each other, without a replay",
        "npx drizzle-fleet drift --against majority",
      ],
    ],
    environment: ["TENANTS"],
    exitCodes: {
      0: "no drift",
      1: "a database is unreachable, or a repair failed and a retry may help",
      2: true,
      4: true,
      5: "a repair failed, and a retry cannot help",
      130: true,
    },
    page: "drift.md",
  });
  addSelection(command)
    .optionsGroup(groups.options)
    .addOption(
      new Option("--against <what>", "compare with a replay, or with most tenants").choices([
        "expected",
        "majority",
      ]),
    )
    .option("--full", "read every schema, also those that have not changed since the last run")
    .optionsGroup(groups.output)
    .addOption(
      new Option("--format <format>", "format of the result").choices([
        ...["text", "json", "github", "markdown"],
      ]),
    );
  return { command: addRolloutReport(addFixOptions(command)), run: runDrift };
}

async function runDrift(words: string[], options: DriftOptions): Promise<ExitCode> {
  return options.fix === true || options.sql !== undefined
    ? runFix(options)
    : showDrift(words, options);
}

async function showDrift(_: string[], options: DriftOptions): Promise<ExitCode> {
  const { drift } = await import("../../operations/drift.ts");
  const result = await drift(await createContext(options, "end"), driftRequestOf(options));
  await print(result, options.json === true ? "json" : (options.format ?? "text"));
  return isClean(result) ? exitCode.done : exitCode.drift;
}

async function print(
  result: DriftResult,
  format: NonNullable<DriftOptions["format"]>,
): Promise<void> {
  const { driftMarkdown, driftNotes, driftText } = await import("../../report/drift.ts");
  if (format === "json") printJson(result);
  else if (format === "markdown") await printText(driftMarkdown(result));
  else {
    await printText(driftText(result));
    if (format === "github") await printAnnotations(driftNotes(result));
  }
}

async function printAnnotations(
  notes: readonly { readonly service: string; readonly text: string }[],
): Promise<void> {
  const { githubText } = await import("../../report/github.ts");
  const findings = notes.map(({ service, text }) => ({
    service,
    problem: new FleetError("schema", text),
  }));
  if (findings.length > 0) printCommands(githubText(findings, process.cwd()));
}
