import type { Allowance } from "../sql/allowance.ts";
import { statementsInDoBlock } from "../sql/do-block.ts";
import { parseOne } from "../sql/parsed-text.ts";
import type { Tree } from "../sql/parser.ts";
import { type SourceSchema, sourceOf } from "../sql/source-schema.ts";
import { isTree, unwrap } from "../sql/tree.ts";
import { effectsOf } from "./effects.ts";
import type {
  LintContext,
  LintedStatement,
  RelationName,
  Rule,
  RuleFinding,
  Severity,
} from "./rule.ts";
import { type LintedSchema, nameOf } from "./schema.ts";
import type { StatementTrace, TracedMigration } from "./trace.ts";
import { addedConstraints, relationIn } from "./tree-parts.ts";

/** A finding with its place. */
export interface LintFinding {
  readonly rule: string;
  readonly severity: Severity;
  readonly service: string;
  readonly tag: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The statement's text. */
  readonly statement: string;
  readonly message: string;
  readonly remedy: string;
}

/** Applies rules to every statement of a migration. `loadParser()` must have been awaited. */
export function lintMigration(
  traced: TracedMigration,
  rules: readonly Rule[],
  context: LintContext,
): LintFinding[] {
  return statementsOf(traced).flatMap((statement) =>
    rules.flatMap((rule) =>
      rule.find(statement, context).map((one) => place(rule, statement, one)),
    ),
  );
}

function place(rule: Rule, { migration, statement }: LintedStatement, found: RuleFinding) {
  const { message, remedy, severity = rule.severity } = found;
  const { service, tag, file } = migration;
  return {
    ...{ rule: rule.id, severity, service, tag, file },
    ...{ line: statement.line, statement: statement.original, message, remedy },
  };
}

const defaults: Allowance = { sharedSchemas: [] };

/** The statements with what the rules look at. */
export function statementsOf(traced: TracedMigration): LintedStatement[] {
  const { migration, statements, before, after, allowance = defaults } = traced;
  const source = sourceOf(allowance);
  const tables = new NewTables(before, source);
  const all: LintedStatement[] = [];
  let transaction: LintedStatement[] = [];
  for (const { statement, trace, together = false } of statements) {
    const tree = parseOne(statement.original) ?? {};
    const [kind, body] = unwrap(tree);
    if (statement.startsSegment) transaction = [];
    const isNew = tables.test();
    const linted = {
      ...{ migration, statement, kind, body, trace, before, after, source, allowance, isNew, all },
      effects: effects(tree, { trace, together, source, before, isNew }),
      earlier: [...transaction],
      created: tables.created(),
    };
    all.push(linted);
    transaction.push(linted);
    tables.note(kind, body);
  }
  return all;
}

interface Known {
  readonly trace: StatementTrace | undefined;
  readonly together: boolean;
  readonly source: SourceSchema;
  readonly before: LintedSchema | undefined;
  readonly isNew: LintedStatement["isNew"];
}

/** Statements whose reading depends on the planner, and so on the rows. */
const plansItself = /^(Select|Insert|Update|Delete|Merge)Stmt$/;

/** What a statement does, by its trace as far as there is one. */
function effects(tree: Tree, { trace, together, source, before, isNew }: Known): StatementTrace {
  const [kind, body] = unwrap(tree);
  const read = () => withoutNew(effectsOf(kind, body, source, before), isNew);
  if (trace === undefined) return read();
  const seen = new Set(trace.locks.map(nameOf));
  const held = together ? read().locks.filter((lock) => !seen.has(nameOf(lock))) : [];
  const referred = referredBy(tree, source, before);
  return {
    ...trace,
    locks: [...trace.locks, ...held],
    // Whether a foreign key is checked by reading the other table, too, depends on the rows in both.
    scanned: plansItself.test(kind)
      ? []
      : trace.scanned.filter((table) => !referred.has(nameOf(table))),
  };
}

/** The tables that the foreign keys of the changed tables refer to, unless the statement also changes them. */
function referredBy(
  tree: Tree,
  source: SourceSchema,
  before: LintedSchema | undefined,
): ReadonlySet<string> {
  const statements = [tree, ...statementsInDoBlock(tree)].map(unwrap);
  const names = (relations: readonly (RelationName | undefined)[]) =>
    new Set(relations.flatMap((one) => (one === undefined ? [] : nameOf(one))));
  const changed = names(statements.map(([, body]) => relationIn(body.relation, source)));
  const referred = statements.flatMap(([kind, body]) =>
    addedConstraints(kind, body).map(({ constraint }) => relationIn(constraint.pktable, source)),
  );
  const existing = [...changed].flatMap((name) => before?.get(name)?.foreignKeys ?? []);
  const all = [...names(referred), ...existing.map(({ target }) => nameOf(target))];
  return new Set(all.filter((name) => !changed.has(name)));
}

function withoutNew(
  { locks, rewritten, scanned }: StatementTrace,
  isNew: LintedStatement["isNew"],
): StatementTrace {
  const isOld = (relation: RelationName) => !isNew(relation);
  return {
    locks: locks.filter(isOld),
    rewritten: rewritten.filter(isOld),
    scanned: scanned.filter(isOld),
  };
}

/** Which tables a migration has created itself, statement by statement. */
class NewTables {
  readonly #before: LintedSchema | undefined;
  readonly #source: SourceSchema;
  /** By name: true for a new table, false for an existing one that was renamed. */
  #known: ReadonlyMap<string, boolean> = new Map();

  constructor(before: LintedSchema | undefined, source: SourceSchema) {
    this.#before = before;
    this.#source = source;
  }

  /** Tells of a relation whether it is new, as of now. */
  test(): (relation: RelationName) => boolean {
    const [known, before] = [this.#known, this.#before];
    return (relation) => {
      const name = nameOf(relation);
      return known.get(name) ?? (before !== undefined && !before.has(name));
    };
  }

  created(): ReadonlySet<string> {
    return new Set([...this.#known].flatMap(([name, isNew]) => (isNew ? name : [])));
  }

  note(kind: string, body: Tree): void {
    const isNew = this.test();
    const made = relationIn(createdRelation(kind, body), this.#source);
    const exists = made !== undefined && this.#before?.has(nameOf(made)) === true;
    if (made !== undefined && !(exists && body.if_not_exists === true)) this.#set(made, true);
    const old = kind === "RenameStmt" ? relationIn(body.relation, this.#source) : undefined;
    if (old !== undefined && /TABLE|VIEW/.test(String(body.renameType)))
      this.#set({ ...old, name: String(body.newname) }, isNew(old));
  }

  #set(relation: RelationName, isNew: boolean): void {
    this.#known = new Map([...this.#known, [nameOf(relation), isNew]]);
  }
}

/** The RangeVar of the table or view that a statement creates. */
function createdRelation(kind: string, body: Tree): unknown {
  if (kind === "CreateStmt") return body.relation;
  if (kind === "ViewStmt") return body.view;
  const into = kind === "CreateTableAsStmt" ? body.into : undefined;
  return isTree(into) ? into.rel : undefined;
}
