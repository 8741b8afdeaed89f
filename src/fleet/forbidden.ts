import { FleetError } from "../core/errors.ts";
import { type Plan, type PlanProblem, type TargetPlan, targetsOf } from "../core/plan.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { fill, placeholder } from "../core/template.ts";
import { ledgerOf } from "../ledger/table.ts";
import type { InsufficientSchema } from "../postgres/server.ts";
import type { MigrationScript } from "../rollout/step-run.ts";
import type { DatabaseState } from "./plan-fleet.ts";

/**
 * Finds targets whose steps will fail because the role lacks a privilege, and replaces the steps with a problem that
 * contains the SQL to grant it. It checks writing the ledger, creating the schema and objects in it, and the objects that
 * statements alter, drop or index.
 *
 * @throws FleetError `config` if every target with steps lacks a privilege
 */
export function withoutForbidden(
  plan: Plan,
  databases: readonly DatabaseState[],
  scriptOf: (service: string, tag: string) => MigrationScript | undefined,
): Plan {
  const found = findForbidden(plan, databases, scriptOf);
  const checked = (own: TargetPlan): TargetPlan => {
    const problem = found.get(own.target);
    return problem === undefined ? own : { ...own, steps: [], problems: [problem] };
  };
  const waves = plan.waves.map((wave) => ({ ...wave, targets: wave.targets.map(checked) }));
  const busy = targetsOf(plan).filter(({ steps }) => steps.length > 0);
  const [first] = found.values();
  if (first === undefined || found.size < busy.length) return { waves };
  const others = busy.length > 1 ? `; all ${busy.length} targets of this run lack a privilege` : "";
  throw new FleetError("config", `${first.message}${others}`, {
    remedy: `Nothing was changed. ${first.remedy}`,
  });
}

/** Finds targets whose steps will fail because the role lacks a privilege, as `withoutForbidden` does. */
export function findForbidden(
  plan: Plan,
  databases: readonly DatabaseState[],
  scriptOf: (service: string, tag: string) => MigrationScript | undefined,
): Map<Target, PlanProblem> {
  const states = new Map(databases.map((state) => [state.name, state]));
  const insufficient = new Map(
    databases.flatMap((state) =>
      state.insufficient.map((one) => [JSON.stringify([state.name, one.schema]), one] as const),
    ),
  );
  const demands = demandsOf(scriptOf);
  const found = new Map<Target, PlanProblem>();
  for (const own of targetsOf(plan)) {
    const { database, schema } = own.target;
    const state = states.get(database);
    if (state === undefined || own.steps.length === 0) continue;
    const lacking = insufficient.get(JSON.stringify([database, schema]));
    const problem = missingPrivilege(own, state, lacking, demands);
    if (problem !== undefined) found.set(own.target, problem);
  }
  return found;
}

/** The privileges that a step's statements need, in addition to those on the ledger. */
interface Demands {
  /** True if a statement creates an object. */
  readonly creates: boolean;
  /** The names of objects that statements alter, drop or index: only their owner can. */
  readonly owned: ReadonlySet<string>;
}

const noDemands: Demands = { creates: false, owned: new Set() };

type DemandsOf = (service: string, tag: string) => Demands;

function demandsOf(
  scriptOf: (service: string, tag: string) => MigrationScript | undefined,
): DemandsOf {
  const known = new Map<string, Demands>();
  return (service, tag) => {
    const key = JSON.stringify([service, tag]);
    const found = known.get(key) ?? demandsIn(scriptOf(service, tag));
    known.set(key, found);
    return found;
  };
}

const creating =
  /^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+)?(?:TABLE|INDEX|TYPE|SEQUENCE|VIEW|MATERIALIZED|FUNCTION|PROCEDURE|DOMAIN)\b/i;
const name = String.raw`(?:"\{tenant\}"\.)?("(?:[^"]|"")+"|[a-z_]\w*)(?!\s*\.)`;
const owning = [
  new RegExp(
    String.raw`^\s*(?:ALTER|DROP)\s+(?:TABLE|VIEW|MATERIALIZED\s+VIEW|SEQUENCE|TYPE|DOMAIN)\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?${name}`,
    "i",
  ),
  new RegExp(String.raw`^\s*CREATE\s+(?:UNIQUE\s+)?INDEX\b[^(]*?\sON\s+(?:ONLY\s+)?${name}`, "i"),
];

function demandsIn(script: MigrationScript | undefined): Demands {
  // A statement includes the comments before it.
  const texts = (script?.statements ?? []).map(({ sql }) =>
    fill(sql, placeholder).replace(/^(?:\s|--[^\n]*\n)+/, ""),
  );
  const owned = texts.flatMap((text) =>
    owning.flatMap((pattern) => {
      const found = pattern.exec(text)?.[1];
      if (found === undefined) return [];
      return found.startsWith('"') ? found.slice(1, -1).replaceAll('""', '"') : found.toLowerCase();
    }),
  );
  return { creates: texts.some((text) => creating.test(text)), owned: new Set(owned) };
}

function missingPrivilege(
  { target, steps, create }: TargetPlan,
  state: DatabaseState,
  insufficient: InsufficientSchema | undefined,
  demands: DemandsOf,
): PlanProblem | undefined {
  const place: Place = { target, role: state.server.role };
  if (create === "schemaAndLedger" && !state.server.mayCreate)
    return forbidden(
      `role ${place.role} has no privilege to create the schema ${target.schema} in database "${target.database}"`,
      `GRANT CREATE ON DATABASE ${quoteIdentifier(state.server.database)} TO ${quoteIdentifier(place.role)}`,
    );
  if (insufficient === undefined) return undefined;
  if (!insufficient.ledger)
    return forbidden(
      `role ${place.role} has no privilege to write the ledger of schema ${target.schema} in database "${target.database}"`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ${ledgerOf(target.schema)} TO ${quoteIdentifier(place.role)}`,
    );
  for (const { tag, action } of steps) {
    const runs = action === "apply" || action === "downgrade";
    const { creates, owned } = runs ? demands(target.service, tag) : noDemands;
    const problem = missingForStep(place, insufficient, {
      creates: creates || create === "ledger",
      owned,
    });
    if (problem !== undefined) return { ...problem, tag };
  }
  return undefined;
}

interface Place {
  readonly target: Target;
  readonly role: string;
}

function missingForStep(
  { target: { schema, database }, role }: Place,
  insufficient: InsufficientSchema,
  { creates, owned }: Demands,
): PlanProblem | undefined {
  const [place, grantee] = [quoteIdentifier(schema), quoteIdentifier(role)];
  if (!insufficient.create && creates)
    return forbidden(
      `role ${role} has no privilege to create objects in schema ${schema} of database "${database}"`,
      `GRANT USAGE, CREATE ON SCHEMA ${place} TO ${grantee}`,
    );
  const foreign = insufficient.foreign.find((one) => owned.has(one.name));
  if (foreign === undefined) return undefined;
  const { kind, name: object, owner } = foreign;
  return forbidden(
    `${kind.toLowerCase()} ${object} of schema ${schema} in database "${database}" is owned by role ${owner}, so role ${role} cannot change it`,
    `ALTER ${kind} ${place}.${quoteIdentifier(object)} OWNER TO ${grantee}`,
  );
}

function forbidden(message: string, sql: string): PlanProblem {
  const remedy = `As the owner or a superuser, run: ${sql};`;
  return { kind: "forbidden", tag: undefined, message, remedy };
}
