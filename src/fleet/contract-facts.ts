import type { LedgerState } from "../core/ledger.ts";
import { ledgerName } from "../core/ledger.ts";
import { quoteLiteral } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { readAppliedTimes } from "../ledger/read-times.ts";
import { ledgerOf } from "../ledger/table.ts";
import type { ContractFacts } from "../plan/contracts.ts";
import { type History, matchEntries } from "../plan/history.ts";
import type { Session } from "../postgres/session.ts";
import type { Context } from "./context.ts";

/** How many ledgers of other targets are asked which contracts they have. */
const asked = 200;

/** The part of a fleet in one database. */
interface OwnTargets {
  readonly context: Context;
  readonly targets: readonly Target[];
  readonly histories: ReadonlyMap<string, History>;
  readonly stateOf: (target: Target) => LedgerState;
  /** The server's time. */
  readonly now: Date;
  /** True to read when the contracts of existing targets are ripe. */
  readonly times: boolean;
}

/** What a database says about the contracts of its targets; it is only asked if a history has contracts. */
export async function readContractFacts(
  session: Session,
  own: OwnTargets,
): Promise<(target: Target) => ContractFacts | undefined> {
  const { context, targets, histories, stateOf, now } = own;
  const facts = new Map<Target, ContractFacts>();
  for (const [service, history] of histories) {
    if (history.contracts.length === 0) continue;
    const ofService = targets.filter((target) => target.service === service);
    const fresh = ofService.filter((target) => isNew(stateOf(target)));
    if (fresh.length > 0) {
      const inPlace = await contractsOfOthers(context, session, service, history);
      for (const target of fresh) facts.set(target, { now, inPlace });
    }
    if (own.times)
      for (const [target, appliedAt] of await timesOf(session, own, ofService, history))
        facts.set(target, { now, appliedAt });
  }
  return (target) => facts.get(target);
}

function isNew(state: LedgerState): boolean {
  if (state.kind === "ledger") return state.entries.length === 0;
  return state.kind === "noSchema" || state.kind === "noLedger";
}

/** When the migrations that contracts follow were applied, for the targets that lack a contract. */
async function timesOf(
  session: Session,
  { stateOf }: OwnTargets,
  targets: readonly Target[],
  history: History,
): Promise<[Target, ReadonlyMap<string, Date>][]> {
  const tags = new Set<string>();
  const lacking = targets.filter((target) => {
    const state = stateOf(target);
    if (state.kind !== "ledger" || state.entries.length === 0) return false;
    const { byTag } = matchEntries(history, state.entries);
    const missing = history.contracts.filter(({ tag }) => !byTag.has(tag));
    for (const { contract } of missing)
      if (contract !== undefined) tags.add(byTag.get(contract.after)?.tag ?? contract.after);
    return missing.length > 0;
  });
  const schemas = lacking.map(({ schema }) => schema);
  const times = await readAppliedTimes(session, schemas, [...tags]);
  return lacking.map((target) => [target, times.get(target.schema) ?? new Map<string, Date>()]);
}

/**
 * The contracts that a new target gets in their place: those that another target of the service in the same database has,
 * because code of the old release cannot run any more; and all if there is no other target.
 */
export async function contractsOfOthers(
  { config: { fleet } }: Context,
  session: Session,
  service: string,
  { contracts }: History,
): Promise<ReadonlySet<string>> {
  const tags = contracts.map(({ tag }) => tag);
  if (tags.length === 0) return new Set();
  const { tenantSchema, singleSchema = "" } = fleet.services[service] ?? {};
  const pattern = escaped(tenantSchema ?? singleSchema).replace("{tenant}", "%");
  const schemas = await session.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_catalog.pg_class l
     JOIN pg_catalog.pg_namespace n ON n.oid = l.relnamespace
     WHERE l.relname = $1 AND l.relkind = 'r' AND n.nspname LIKE $2
       AND n.nspname !~ '^fleet_(check|baseline)_'
       AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(l.oid, 'SELECT')
     ORDER BY l.oid LIMIT ${asked}`,
    [ledgerName, pattern],
  );
  if (schemas.length === 0) return new Set(tags);
  const list = tags.map(quoteLiteral).join(", ");
  // The row without a tag shows that a ledger has entries.
  const selects = schemas.map(
    ({ schema }) =>
      `(SELECT tag FROM ${ledgerOf(schema)} WHERE applied = statements AND tag IN (${list}))
       UNION ALL (SELECT NULL FROM ${ledgerOf(schema)} LIMIT 1)`,
  );
  const rows = await session.query<{ tag: string | null }>(
    `SELECT DISTINCT tag FROM (${selects.join("\nUNION ALL\n")}) AS found`,
  );
  return new Set(rows.length === 0 ? tags : rows.flatMap(({ tag }) => tag ?? []));
}

/** A name as a pattern of LIKE that matches only itself. */
function escaped(name: string): string {
  return name.replace(/[\\%_]/g, (character) => `\\${character}`);
}
