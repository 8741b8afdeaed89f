import { FleetError } from "../core/errors.ts";
import { type Plan, type PlanProblem, type TargetPlan, targetsOf } from "../core/plan.ts";
import { fill, placeholder } from "../core/template.ts";
import { ledgerOf } from "../ledger/table.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import type { InsufficientSchema } from "../postgres/server.ts";
import type { Script } from "../rollout/run.ts";
import type { DatabaseState } from "./plan-fleet.ts";

/**
 * Gives each target whose schema the role may not change this as its problem, with the SQL that changes it. It knows
 * what is certain to fail: the ledger, new schemas, and what a statement of the plan alters, drops or indexes.
 *
 * @throws FleetError `config` when that is so for every target that has something to do
 */
export function withoutForbidden(
  plan: Plan,
  databases: readonly DatabaseState[],
  scriptOf: (service: string, tag: string) => Script | undefined,
): Plan {
  const states = new Map(databases.map((state) => [state.name, state]));
  const closed = new Map(
    databases.flatMap((state) =>
      state.closed.map((one) => [JSON.stringify([state.name, one.schema]), one] as const),
    ),
  );
  const demands = demandsOf(scriptOf);
  const checked = (own: TargetPlan): TargetPlan => {
    const { database, schema } = own.target;
    const state = states.get(database);
    if (state === undefined || own.steps.length === 0) return own;
    const right = missingRight(own, state, closed.get(JSON.stringify([database, schema])), demands);
    return right === undefined ? own : { ...own, steps: [], problems: [right] };
  };
  const waves = plan.waves.map((wave) => ({ ...wave, targets: wave.targets.map(checked) }));
  const busy = targetsOf(plan).filter(({ steps }) => steps.length > 0);
  const rest = targetsOf({ waves }).filter(({ steps }) => steps.length > 0);
  const [first] = targetsOf({ waves }).flatMap(({ problems }) =>
    problems.filter(({ kind }) => kind === "forbidden"),
  );
  if (first === undefined || rest.length > 0) return { waves };
  const others = busy.length > 1 ? `, and so for all ${busy.length} targets of this run` : "";
  throw new FleetError("config", `${first.message}${others}`, {
    remedy: `${first.remedy} Nothing was changed.`,
  });
}

/** What a step's statements take beside the ledger. */
interface Demands {
  readonly creates: boolean;
  /** Names of what statements alter, drop or index: only the owner may. */
  readonly owned: ReadonlySet<string>;
}

type DemandsOf = (service: string, tag: string) => Demands;

function demandsOf(scriptOf: (service: string, tag: string) => Script | undefined): DemandsOf {
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

function demandsIn(script: Script | undefined): Demands {
  // Comments before a statement belong to it.
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

function missingRight(
  { target, steps, create }: TargetPlan,
  { server: { role, database, mayCreate } }: DatabaseState,
  closed: InsufficientSchema | undefined,
  demands: DemandsOf,
): PlanProblem | undefined {
  const [place, who] = [quoteIdentifier(target.schema), quoteIdentifier(role)];
  const problem = (message: string, sql: string, tag?: string): PlanProblem => ({
    kind: "forbidden",
    tag,
    message,
    remedy: `As the owner or a superuser, run: ${sql};`,
  });
  if (create === "schemaAndLedger" && !mayCreate)
    return problem(
      `role ${role} may not create the schema ${target.schema} in database "${target.database}"`,
      `GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${who}`,
    );
  if (closed === undefined) return undefined;
  if (!closed.ledger)
    return problem(
      `role ${role} may not write into the ledger of schema ${target.schema} in database "${target.database}"`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ${ledgerOf(target.schema)} TO ${who}`,
    );
  for (const { tag, action } of steps) {
    const { creates, owned } =
      action === "apply" || action === "downgrade"
        ? demands(target.service, tag)
        : { creates: false, owned: new Set<string>() };
    if (!closed.create && (creates || create === "ledger"))
      return problem(
        `role ${role} may not create anything in schema ${target.schema} of database "${target.database}"`,
        `GRANT USAGE, CREATE ON SCHEMA ${place} TO ${who}`,
        tag,
      );
    const foreign = closed.foreign.find((one) => owned.has(one.name));
    if (foreign !== undefined)
      return problem(
        `${foreign.kind.toLowerCase()} ${foreign.name} of schema ${target.schema} in database "${target.database}" belongs to role ${foreign.owner}, and role ${role} may not change it`,
        `ALTER ${foreign.kind} ${place}.${quoteIdentifier(foreign.name)} OWNER TO ${who}`,
        tag,
      );
  }
  return undefined;
}
