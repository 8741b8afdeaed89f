import { Option } from "commander";
import { FleetError } from "../../core/errors.ts";
import type { DriftResult } from "../../operations/drift.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups } from "../help/sections.ts";
import { addCommonOptions, addConnectTimeout, type ConnectingOptions } from "../options/common.ts";
import { given } from "../options/rollout.ts";
import { addSelection, type SelectionOptions, selectionOf } from "../options/selection.ts";
import { printCommands, printJson, printText } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";

interface DriftOptions extends SelectionOptions, ConnectingOptions {
  readonly against?: "expected" | "majority";
  readonly full?: boolean;
  readonly format?: "text" | "json" | "github" | "markdown";
}

export function driftVerb(): Verb {
  const command = newVerb("drift", {
    summary: "find tenants whose schema is not what their ledger says",
    details: `
drift compares every object, definition and privilege of every tenant schema with a replay of exactly the migrations in
its ledger. Pending migrations are not drift. Owners, privileges and publications are compared with those of most
tenants, because no migration sets them. It changes no tenant schema.

The replay needs a database for scratch schemas on a server of the same version: proofDatabase in the configuration, or
the embedded PostgreSQL.`,
    examples: [
      ["compare every tenant", "npx drizzle-fleet drift"],
      ["compare one tenant", "npx drizzle-fleet drift --tenant acme"],
      [
        "compare tenants with each other, without a replay",
        "npx drizzle-fleet drift --against majority",
      ],
    ],
    environment: ["TENANTS"],
    exitCodes: {
      0: "no drift",
      1: "a database is unreachable",
      2: true,
      4: true,
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
  return { command: addCommonOptions(addConnectTimeout(command)), run: showDrift };
}

async function showDrift(_: string[], options: DriftOptions): Promise<ExitCode> {
  const { drift } = await import("../../operations/drift.ts");
  const request = {
    ...selectionOf(options),
    ...given("against", options.against),
    ...given("full", options.full),
  };
  const result = await drift(await createContext(options, "end"), request);
  await print(result, options.json === true ? "json" : (options.format ?? "text"));
  const isClean =
    result.allowances.length === 0 &&
    result.shapes.every(({ differences }) => differences.length === 0);
  return isClean ? exitCode.done : exitCode.drift;
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
