import type { Tree } from "../sql/parser.ts";
import type { SourceSchema } from "../sql/source-schema.ts";
import { isTree, optionOf, walk } from "../sql/tree.ts";
import type { RelationName } from "./rule.ts";
import { type LintedSchema, nameOf } from "./schema.ts";
import { type LockMode, lockModes, type StatementTrace, strongest } from "./trace.ts";
import {
  addedConstraints,
  columnConstraints,
  commandsOf,
  droppedObjects,
  listOf,
  relationIn,
  relationOfParts,
  type TableCommand,
  typeNameOf,
} from "./tree-parts.ts";

/** What a statement does to one relation, as far as its parse tree tells. */
interface Effect {
  readonly relation: RelationName | undefined;
  readonly mode: LockMode;
  readonly scans?: boolean;
  readonly rewrites?: boolean;
}

/**
 * What a statement locks, rewrites and scans, by its parse tree alone: for statements that cannot be traced, because they run
 * outside a transaction (CONCURRENTLY, VACUUM) or failed. Sources: PostgreSQL's documentation, "Explicit Locking" and the
 * pages of the commands.
 *
 * @param schema the tables, if they are known: to find the table of an index
 */
export function effectsOf(
  kind: string,
  body: Tree,
  source: SourceSchema,
  schema?: LintedSchema,
): StatementTrace {
  const read = { kind, body, own: relationIn(body.relation, source), source, schema };
  const found = new Map<string, Effect[]>();
  for (const effect of readers[kind]?.(read) ?? []) {
    if (effect.relation === undefined) continue;
    const key = nameOf(effect.relation);
    found.set(key, [...(found.get(key) ?? []), effect]);
  }
  const relations = [...found.entries()].flatMap(([key, effects]) => {
    const [first] = effects;
    const mode = strongest(effects.map((one) => one.mode));
    if (first?.relation === undefined || mode === undefined) return [];
    const relation = { ...first.relation, kind: schema?.get(key)?.kind ?? "r" };
    return [{ relation, mode, effects }];
  });
  const where = (test: (effect: Effect) => boolean | undefined) =>
    relations.filter(({ effects }) => effects.some(test)).map(({ relation }) => relation);
  return {
    locks: relations.map(({ relation, mode }) => ({ ...relation, mode })),
    rewritten: where(({ rewrites }) => rewrites),
    scanned: where(({ scans }) => scans),
  };
}

/** A statement, as far as its effects depend on it. */
interface Read {
  readonly kind: string;
  readonly body: Tree;
  /** The relation that it names first. */
  readonly own: RelationName | undefined;
  readonly source: SourceSchema;
  readonly schema: LintedSchema | undefined;
}

type Reader = (read: Read) => Effect[];

const locksOwn =
  (mode: LockMode): Reader =>
  ({ own }) => [{ relation: own, mode }];

const locksListed =
  (modeOf: (body: Tree) => LockMode): Reader =>
  ({ body, source }) =>
    listOf(body.relations).map((one) => ({
      relation: relationIn(one.RangeVar, source),
      mode: modeOf(body),
    }));

const locksPolicyTable: Reader = ({ body, source }) => [
  { relation: relationIn(body.table, source), mode: "AccessExclusiveLock" },
];

const readers: Readonly<Record<string, Reader>> = {
  AlterTableStmt: (read) => [...alterTable(read), ...referenced(read)],
  CreateStmt: (read) => referenced(read),
  IndexStmt: ({ body, own }) => [
    { relation: own, mode: concurrentOr(body, "ShareLock"), scans: true },
  ],
  DropStmt: (read) => dropped(read),
  ReindexStmt: (read) => reindexed(read),
  VacuumStmt: (read) => vacuumed(read),
  ClusterStmt: ({ own }) => [{ relation: own, mode: "AccessExclusiveLock", rewrites: true }],
  RefreshMatViewStmt: ({ body, own }) => [
    { relation: own, mode: body.concurrent === true ? "ExclusiveLock" : "AccessExclusiveLock" },
  ],
  TruncateStmt: locksListed(() => "AccessExclusiveLock"),
  LockStmt: locksListed((body) => lockModes[Number(body.mode) - 1] ?? "AccessExclusiveLock"),
  InsertStmt: locksOwn("RowExclusiveLock"),
  UpdateStmt: locksOwn("RowExclusiveLock"),
  DeleteStmt: locksOwn("RowExclusiveLock"),
  MergeStmt: locksOwn("RowExclusiveLock"),
  CreateTrigStmt: locksOwn("ShareRowExclusiveLock"),
  RenameStmt: locksOwn("AccessExclusiveLock"),
  RuleStmt: locksOwn("AccessExclusiveLock"),
  AlterObjectSchemaStmt: locksOwn("AccessExclusiveLock"),
  CreatePolicyStmt: locksPolicyTable,
  AlterPolicyStmt: locksPolicyTable,
};

function concurrentOr(body: Tree, mode: LockMode): LockMode {
  return body.concurrent === true ? "ShareUpdateExclusiveLock" : mode;
}

/** Actions of ALTER TABLE that take a weaker lock than ACCESS EXCLUSIVE. */
const weaker: Readonly<Record<string, LockMode>> = {
  AT_SetStatistics: "ShareUpdateExclusiveLock",
  AT_SetOptions: "ShareUpdateExclusiveLock",
  AT_ResetOptions: "ShareUpdateExclusiveLock",
  AT_SetRelOptions: "ShareUpdateExclusiveLock",
  AT_ResetRelOptions: "ShareUpdateExclusiveLock",
  AT_ClusterOn: "ShareUpdateExclusiveLock",
  AT_DropCluster: "ShareUpdateExclusiveLock",
  AT_ValidateConstraint: "ShareUpdateExclusiveLock",
  AT_AttachPartition: "ShareUpdateExclusiveLock",
  AT_EnableTrig: "ShareRowExclusiveLock",
  AT_EnableTrigAll: "ShareRowExclusiveLock",
  AT_EnableTrigUser: "ShareRowExclusiveLock",
  AT_EnableAlwaysTrig: "ShareRowExclusiveLock",
  AT_EnableReplicaTrig: "ShareRowExclusiveLock",
  AT_DisableTrig: "ShareRowExclusiveLock",
  AT_DisableTrigAll: "ShareRowExclusiveLock",
  AT_DisableTrigUser: "ShareRowExclusiveLock",
};

function alterTable({ kind, body, own, source }: Read): Effect[] {
  return commandsOf(kind, body).flatMap((command): Effect[] => {
    const { subtype, def } = command;
    const isForeignKey = subtype === "AT_AddConstraint" && def.contype === "CONSTR_FOREIGN";
    const isConcurrent = subtype === "AT_DetachPartition" && def.concurrent === true;
    const mode =
      (isForeignKey ? "ShareRowExclusiveLock" : weaker[subtype]) ??
      (isConcurrent ? "ShareUpdateExclusiveLock" : "AccessExclusiveLock");
    const ofOwn: Effect = {
      ...{ relation: own, mode },
      ...{ rewrites: mayRewrite(command), scans: mayScan(command) },
    };
    if (!/^AT_(At|De)tachPartition/.test(subtype)) return [ofOwn];
    const scans = subtype === "AT_AttachPartition";
    return [ofOwn, { relation: relationIn(def.name, source), mode: "AccessExclusiveLock", scans }];
  });
}

/** Functions that the default of a new column may call without a rewrite of the table: they are not volatile. */
const stable = /^(now|transaction_timestamp|statement_timestamp|to_timestamp|current_setting)$/;

function mayRewrite({ subtype, def }: TableCommand): boolean {
  if (/^AT_(AlterColumnType|Set(Un)?Logged|SetExpression|SetAccessMethod)$/.test(subtype))
    return true;
  if (subtype !== "AT_AddColumn") return false;
  if (/^(small|big)?serial[248]?$/.test(typeNameOf(def))) return true;
  return columnConstraints(def).some(({ contype, raw_expr, generated_kind }) => {
    if (contype === "CONSTR_IDENTITY") return true;
    if (contype === "CONSTR_GENERATED") return generated_kind !== "v";
    return contype === "CONSTR_DEFAULT" && callsVolatile(raw_expr);
  });
}

function callsVolatile(expression: unknown): boolean {
  let found = false;
  walk(expression, (node, key) => {
    if (key !== "FuncCall") return;
    const name = listOf(node.funcname).at(-1)?.String;
    found ||= !(isTree(name) && stable.test(String(name.sval)));
  });
  return found;
}

function mayScan({ subtype, def }: TableCommand): boolean {
  if (subtype === "AT_SetNotNull" || subtype === "AT_ValidateConstraint") return true;
  if (subtype === "AT_AddColumn")
    return columnConstraints(def).some(({ contype }) =>
      /CHECK|UNIQUE|PRIMARY/.test(String(contype)),
    );
  if (subtype !== "AT_AddConstraint") return false;
  return def.skip_validation !== true && def.indexname === undefined;
}

/** The tables that new foreign keys refer to. */
function referenced({ kind, body, source }: Read): Effect[] {
  return addedConstraints(kind, body)
    .filter(({ type }) => type === "CONSTR_FOREIGN")
    .map(
      ({ constraint }): Effect => ({
        relation: relationIn(constraint.pktable, source),
        mode: "ShareRowExclusiveLock",
        scans: kind !== "CreateStmt" && constraint.skip_validation !== true,
      }),
    );
}

function dropped({ body, source, schema }: Read): Effect[] {
  return droppedObjects("DropStmt", body).flatMap(({ type, parts }): Effect[] => {
    if (/^(TABLE|VIEW|MATVIEW|FOREIGN_TABLE)$/.test(type))
      return [{ relation: relationOfParts(parts, source), mode: "AccessExclusiveLock" }];
    if (type === "INDEX")
      return [
        {
          relation: tableOfIndex(parts.at(-1), schema),
          mode: concurrentOr(body, "AccessExclusiveLock"),
        },
      ];
    if (/^(POLICY|TRIGGER|RULE)$/.test(type))
      return [
        { relation: relationOfParts(parts.slice(0, -1), source), mode: "AccessExclusiveLock" },
      ];
    return [];
  });
}

/** The table that has an index; undefined if it is not known. */
export function tableOfIndex(
  index: string | undefined,
  schema: LintedSchema | undefined,
): RelationName | undefined {
  for (const table of schema?.values() ?? [])
    if (table.indexes.some(({ name }) => name === index)) return table;
  return undefined;
}

function reindexed({ body, own, schema }: Read): Effect[] {
  const mode: LockMode =
    optionOf(body.params, "concurrently") === undefined ? "ShareLock" : "ShareUpdateExclusiveLock";
  if (body.kind === "REINDEX_OBJECT_SCHEMA")
    return [...(schema?.values() ?? [])]
      .filter((table) => table.schema === undefined && "rm".includes(table.kind))
      .map((relation) => ({ relation, mode, scans: true }));
  const table = body.kind === "REINDEX_OBJECT_INDEX" ? tableOfIndex(own?.name, schema) : own;
  return [{ relation: table, mode, scans: true }];
}

function vacuumed({ body, source }: Read): Effect[] {
  const rewrites = body.is_vacuumcmd === true && optionOf(body.options, "full") !== undefined;
  return listOf(body.rels).map((one) => {
    const relation = isTree(one.VacuumRelation) ? one.VacuumRelation.relation : undefined;
    const mode = rewrites ? "AccessExclusiveLock" : "ShareUpdateExclusiveLock";
    return { relation: relationIn(relation, source), mode, rewrites };
  });
}
