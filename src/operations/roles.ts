import { FleetError, throwProblems } from "../core/errors.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import type { Session } from "../postgres/session.ts";
import type { Context, OpenDatabases } from "./context.ts";
import { withDatabase } from "./plan-fleet.ts";

/**
 * Makes sure, before schemas are created, that the role that is to be let into them exists.
 *
 * @throws FleetError `config` that says how to make it
 */
export async function refuseMissingRoles(
  context: Context,
  plan: Plan,
  open: OpenDatabases,
): Promise<void> {
  const creating = targetsOf(plan).filter(
    ({ create, steps }) => create !== "nothing" && steps.length > 0,
  );
  const names = [...new Set(creating.map(({ target }) => target.database))];
  const problems = await Promise.all(
    names.map(async (name) => {
      const role = open.applicationRoleOf(name);
      if (role === undefined || open.embedded) return [];
      return withDatabase(context, open.addressOf(name), (session) =>
        missingRole(session, name, role),
      );
    }),
  );
  throwProblems(problems.flat(), "the role of the application is missing");
}

/** An error for a role that does not exist. */
export async function missingRole(
  session: Session,
  database: string,
  role: string,
): Promise<FleetError[]> {
  const found = await session.query("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", [role]);
  if (found.length > 0) return [];
  return [
    new FleetError(
      "config",
      `the application's role ${role} does not exist on the server of database "${database}"`,
      { remedy: `Create it: CREATE ROLE ${quoteIdentifier(role)} LOGIN PASSWORD '...'` },
    ),
  ];
}
