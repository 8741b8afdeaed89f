import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../src/autogenerate/kit-types.ts";
import { mergeSnapshots } from "../../src/autogenerate/merge-snapshots.ts";
import {
  check,
  column,
  enumColumn,
  enums,
  foreignKey,
  type Item,
  id,
  index,
  named,
  on,
  role,
  snapshot,
  table,
} from "../support/snapshots.ts";

describe("mergeSnapshots on drizzle-kit's own snapshots", () => {
  const histories = ["auth", "ingestion", "workflow"].map((service) => {
    const folder = `drizzle/${service}/meta`;
    const files = readdirSync(folder).filter((file) => file.endsWith("_snapshot.json"));
    return files
      .sort()
      .map((file) => JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as Snapshot);
  });
  const steps = histories.flatMap((history) =>
    history.slice(1).map((after, index) => [history[index]!, after] as const),
  );

  test("keep what only one side did", () => {
    expect(steps.length).toBeGreaterThan(30);
    for (const [before, after] of steps) {
      const theirs = mergeSnapshots(before, before, after);
      expect(theirs.conflicts).toEqual([]);
      expect(theirs.merged).toEqual({ ...after, prevId: before.id });
      const ours = mergeSnapshots(before, after, before);
      expect(ours.conflicts).toEqual([]);
      expect(JSON.stringify(ours.merged)).toBe(
        JSON.stringify({ ...after, id: before.id, prevId: after.id }),
      );
    }
  });

  test("are not affected by another table", () => {
    for (const [before, after] of steps) {
      const other = { "public.zzz": table("zzz", [id]) };
      const ours = { ...before, tables: { ...(before.tables as object), ...other } };
      const { merged, conflicts } = mergeSnapshots(before, ours, after);
      expect(conflicts).toEqual([]);
      expect(merged.tables).toEqual({ ...(after.tables as object), ...other });
    }
  });
});

/** A change of a table by one branch; undefined drops the table. */
type Change = (before: Item, fresh: string) => Item | undefined;

const columnsOf = (of: Item) => Object.values(of.columns as Record<string, Item>);
const rebuilt = (of: Item, columns: readonly Item[], more: Item = {}) => ({
  ...of,
  columns: named(...columns),
  ...more,
});

const changes: readonly Change[] = [
  () => undefined,
  (of, fresh) => ({ ...of, name: fresh }),
  (of, fresh) => rebuilt(of, [...columnsOf(of), column(fresh)]),
  (of, fresh) => rebuilt(of, [column(fresh), ...columnsOf(of)]),
  (of, fresh) => rebuilt(of, [...columnsOf(of), enumColumn(fresh, "role")]),
  (of) => rebuilt(of, columnsOf(of).slice(0, -1)),
  (of, fresh) => rebuilt(of, [...columnsOf(of).slice(0, -1), column(fresh, { notNull: true })]),
  (of) =>
    rebuilt(
      of,
      columnsOf(of).map((one) => ({ ...one, notNull: true })),
    ),
  (of) => rebuilt(of, columnsOf(of).reverse()),
  (of) => ({ ...of, isRLSEnabled: true }),
  (of, fresh) => ({ ...of, indexes: named(index(fresh, "id")) }),
  (of, fresh) => ({ ...of, uniqueConstraints: named(on(fresh, "id")) }),
  (of, fresh) => ({ ...of, foreignKeys: named(foreignKey(fresh, "id", "anchor", "id")) }),
  (of, fresh) => ({ ...of, checkConstraints: named(check(fresh, '"id" is not null')) }),
];

/** Tables and their changes: only one branch changes a table, or neither does. */
const history = fc.array(
  fc.record({
    owner: fc.constantFrom("ours", "theirs", "nobody"),
    columns: fc.integer({ min: 0, max: 3 }),
    isNew: fc.boolean(),
    changes: fc.array(fc.constantFrom(...changes), { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 6 },
);

type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

/** The tables after the changes of the given branches. */
function tablesOf(drawn: History, changedBy: readonly string[]): Item[] {
  const tables = drawn.flatMap(({ owner, columns, isNew, changes: own }, at) => {
    const more = Array.from({ length: columns }, (_, index) => column(`c${index}`));
    const before = table(`t${at}`, [id, ...more]);
    if (!changedBy.includes(owner)) return isNew && owner !== "nobody" ? [] : [before];
    let after: Item | undefined = before;
    for (const [step, change] of own.entries()) after = after && change(after, `t${at}_${step}`);
    return after === undefined ? [] : [after];
  });
  return [table("anchor", [id]), ...tables];
}

describe("sides that change different tables", () => {
  test("have no conflicts and merge to the same result, whichever side is ours", () => {
    fc.assert(
      fc.property(history, (drawn) => {
        const of = (...sides: readonly string[]) =>
          snapshot(tablesOf(drawn, sides), enums(role("a")));
        const [base, ours, theirs] = [of(), of("ours"), of("theirs")];
        const there = mergeSnapshots(base, ours, theirs);
        const back = mergeSnapshots(base, theirs, ours);
        const expected = of("ours", "theirs");
        expect(there.conflicts).toEqual([]);
        expect(back.conflicts).toEqual([]);
        expect(there.merged).toEqual({ ...expected, id: theirs.id, prevId: ours.id });
        expect(back.merged).toEqual({ ...expected, id: ours.id, prevId: theirs.id });
      }),
      { numRuns: 300 },
    );
  });

  test("have no conflict with themselves", () => {
    fc.assert(
      fc.property(history, (drawn) => {
        const of = (...sides: readonly string[]) =>
          snapshot(tablesOf(drawn, sides), enums(role("a")));
        const { merged, conflicts } = mergeSnapshots(of(), of("ours"), of("ours"));
        expect(conflicts).toEqual([]);
        expect(merged.tables).toEqual(of("ours").tables);
      }),
    );
  });
});
