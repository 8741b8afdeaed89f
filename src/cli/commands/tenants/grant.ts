import { counted } from "../../../core/count.ts";
import { FleetError, throwProblems } from "../../../core/errors.ts";
import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant, groups } from "../../help/sections.ts";
import { addCommonOptions, type CommonOptions } from "../../options/common.ts";
import { printResult } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";

interface GrantOptions extends CommonOptions {
  readonly all?: boolean;
}

export function grantVerb(): Verb {
  const command = newVerb("grant", {
    summary: "grant the application role access to tenant schemas",
    details: "migrate also grants access after each rollout. Archived tenants get no access.",
    examples: [
      ["grant access to every tenant", "npx drizzle-fleet tenants grant --all"],
      ["grant access to one tenant", "npx drizzle-fleet tenants grant acme"],
    ],
    exitCodes: {
      ...exitCodesOfTenant,
      1: "a database is unreachable, or another run is in progress",
    },
    page: "tenants.md",
  })
    .argument("[tenant...]", "ids of the tenants")
    .optionsGroup(groups.selection)
    .option("--all", "select every tenant, and services with a single schema");
  return { command: addCommonOptions(command), run: runGrant };
}

async function runGrant(tenants: string[], options: GrantOptions): Promise<ExitCode> {
  const { grantTenants } = await import("../../../operations/grant-tenants.ts");
  const all = options.all === true;
  if (all === tenants.length > 0)
    throw new FleetError("usage", "tenants grant needs either tenant ids or --all", {
      remedy: "To select every tenant, run: npx drizzle-fleet tenants grant --all",
    });
  const { granted, failed } = await grantTenants(await createContext(options), { tenants, all });
  const total = counted(granted.length + failed.length, "tenant");
  await printResult(
    options,
    { granted },
    `The application role has access to the schemas of ${granted.length} of ${total}.`,
  );
  throwProblems(
    failed.map(({ error }) => error),
    "the application role could not be granted access to all schemas",
  );
  return exitCode.done;
}
