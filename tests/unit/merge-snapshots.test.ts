import { describe, expect, test } from "vitest";
import { mergeSnapshots } from "../../src/autogenerate/merge-snapshots.ts";
import {
  check,
  column,
  conflictsOfBoth,
  email,
  enums,
  foreignKey,
  type Item,
  id,
  index,
  inSchema,
  named,
  on,
  role,
  snapshot,
  table,
  users,
} from "../support/snapshots.ts";

describe("mergeSnapshots", () => {
  test("applies their changes to ours, in our order", () => {
    const base = snapshot([users([id, email]), table("old", [id])]);
    const ours = snapshot([table("ours", [id]), users([id, email, column("ours")])]);
    const theirs = snapshot([
      table("theirs", [id]),
      users([column("theirs"), id, { ...email, notNull: true }]),
      table("old", [id]),
    ]);
    const { merged, conflicts } = mergeSnapshots(base, ours, theirs);
    expect(conflicts).toEqual([]);
    expect(JSON.stringify(merged)).toBe(
      JSON.stringify({
        ...snapshot([
          table("ours", [id]),
          users([id, { ...email, notNull: true }, column("ours"), column("theirs")]),
          table("theirs", [id]),
        ]),
        id: theirs.id,
        prevId: ours.id,
      }),
    );
  });

  test("changes none of the three, and treats undefined like a missing key", () => {
    const base = snapshot([users([id, column("email", { default: undefined })])]);
    const ours = snapshot([users([id, email, column("a")])]);
    const theirs = snapshot([users([id, { ...email, notNull: true }])]);
    const before = structuredClone([base, ours, theirs]);
    expect(mergeSnapshots(base, ours, theirs).conflicts).toEqual([]);
    expect([base, ours, theirs]).toEqual(before);
  });

  test("accepts the same change on both sides, in any order of keys", () => {
    const base = snapshot([users([id, email]), table("old", [id])], enums(role("a")));
    const changed = () => [id, { ...email, notNull: true }, column("new")];
    const added = Object.fromEntries(Object.entries(table("new", [id])).reverse());
    const ours = snapshot([users(changed()), table("new", [id])], enums(role("a", "b")));
    const theirs = snapshot([users(changed().reverse()), added], enums(role("a", "b")));
    const { merged, conflicts } = mergeSnapshots(base, ours, theirs);
    expect(conflicts).toEqual([]);
    expect(JSON.stringify(merged.tables)).toBe(JSON.stringify(ours.tables));
  });

  test("names what both sides changed in the same way, whose SQL can run only once", () => {
    const base = snapshot([users([id, email, column("old")]), table("gone", [id])]);
    const side = (fresh: string) =>
      snapshot([users([id, { ...email, notNull: true }, column("same"), column(fresh)])]);
    expect(mergeSnapshots(base, side("a"), side("b"))).toMatchObject({
      conflicts: [],
      repeated: ["column users.email", "column users.old", "column users.same", "table gone"],
    });
  });

  test("treats names that JavaScript reserves like others", () => {
    const base = snapshot([users([id])]);
    const ours = snapshot([users([id, column("x")])]);
    const theirs = snapshot([users([id, column("constructor"), column("toString")])]);
    const { merged, conflicts } = mergeSnapshots(base, ours, theirs);
    expect(conflicts).toEqual([]);
    expect(merged.tables).toEqual(
      inSchema([users([id, column("x"), column("constructor"), column("toString")])]),
    );
    const dropping = mergeSnapshots(theirs, ours, theirs);
    expect(dropping.conflicts).toEqual([]);
    expect(dropping.merged.tables).toEqual(ours.tables);
  });

  test("merges the records of renames and keeps their collisions to itself", () => {
    const meta = (columns: Item) => ({ _meta: { columns, schemas: {}, tables: {} } });
    const [a, b] = ['"public"."users"."a"', '"public"."users"."b"'];
    const base = snapshot([]);
    const ours = snapshot([], meta({ [a]: "1" }));
    const theirs = snapshot([], meta({ [b]: "2", [a]: "3" }));
    const { merged, conflicts } = mergeSnapshots(base, ours, theirs);
    expect(conflicts).toEqual([]);
    expect(merged._meta).toEqual(meta({ [a]: "1", [b]: "2" })._meta);
  });
});

describe("mergeSnapshots reports", () => {
  const index1 = index("i", "id");
  const policy = { name: "p", as: "PERMISSIVE", to: ["public"] };
  const part = (key: string, item: Item | undefined) =>
    snapshot([users([id], { [key]: item === undefined ? {} : named(item) })]);

  test.each([
    ["column users.email", "columns", email, { notNull: true }, { default: "'x'" }],
    ["index users.i", "indexes", index1, { isUnique: true }, { where: "true" }],
    [
      "foreign key users.f",
      "foreignKeys",
      foreignKey("f", "id", "x", "id"),
      { onDelete: "cascade" },
      { onUpdate: "cascade" },
    ],
    [
      "primary key users.k",
      "compositePrimaryKeys",
      on("k", "id"),
      { columns: ["a"] },
      { columns: ["b"] },
    ],
    [
      "unique constraint users.u",
      "uniqueConstraints",
      on("u", "id"),
      { nullsNotDistinct: true },
      { columns: ["id", "id"] },
    ],
    [
      "check users.c",
      "checkConstraints",
      check("c", "1 > 0"),
      { value: "2 > 0" },
      { value: "3 > 0" },
    ],
    ["policy users.p", "policies", policy, { as: "RESTRICTIVE" }, { for: "SELECT" }],
  ] as const)(
    "%s that are changed, added or dropped against each other",
    (name, key, item, left, right) => {
      const [base, none] = [part(key, item), part(key, undefined)];
      const [ours, theirs] = [part(key, { ...item, ...left }), part(key, { ...item, ...right })];
      expect(conflictsOfBoth(base, ours, theirs)).toEqual([name]);
      expect(conflictsOfBoth(none, ours, theirs)).toEqual([name]);
      expect(conflictsOfBoth(base, none, theirs)).toEqual([name]);
      expect(conflictsOfBoth(base, ours, base)).toEqual([]);
      expect(conflictsOfBoth(base, none, base)).toEqual([]);
      expect(mergeSnapshots(base, ours, theirs).merged.tables).toEqual(ours.tables);
    },
  );

  test.each([
    ["sequence", "sequences", { name: "n", schema: "public" }],
    ["view", "views", { name: "n", schema: "public", definition: "select 1" }],
    ["enum", "enums", { name: "n", schema: "public", values: ["a"] }],
  ])("%s in public and in another schema", (kind, key, item) => {
    const of = (more: Item, schema: string) =>
      snapshot([], { schemas: { s: "s" }, [key]: inSchema([{ ...item, schema, ...more }]) });
    const three = (schema: string) =>
      [of({}, schema), of({ a: 1 }, schema), of({ a: 2 }, schema)] as const;
    expect(conflictsOfBoth(...three("public"))).toEqual([`${kind} n`]);
    expect(conflictsOfBoth(...three("s"))).toEqual([`${kind} s.n`]);
  });

  test("roles, and policies of tables that are not in the schema", () => {
    const of = (more: Item) =>
      snapshot([], {
        roles: { r: { name: "r", ...more } },
        policies: { p: { name: "p", ...more } },
      });
    expect(conflictsOfBoth(of({}), of({ a: 1 }), of({ a: 2 }))).toEqual(["policy p", "role r"]);
  });

  test("a table in another schema with the schema's name", () => {
    const of = (more: Item) =>
      snapshot([{ ...users([{ ...email, ...more }]), schema: "billing" }], {
        schemas: { billing: "billing" },
      });
    expect(conflictsOfBoth(of({}), of({ a: 1 }), of({ a: 2 }))).toEqual([
      "column billing.users.email",
    ]);
  });

  test("an enum that both extended differently", () => {
    const of = (...values: readonly string[]) => snapshot([], enums(role("a", ...values)));
    expect(conflictsOfBoth(of(), of("b"), of("c"))).toEqual(["enum role"]);
    expect(conflictsOfBoth(of(), of("b"), of("b"))).toEqual([]);
    expect(conflictsOfBoth(of(), of("b"), of())).toEqual([]);
  });

  test("a table that one dropped or renamed and the other changed", () => {
    const base = snapshot([users([id, email])]);
    const changed = snapshot([users([id, email, column("new")])]);
    const indexed = snapshot([users([id, email], { indexes: named(index1) })]);
    const renamed = snapshot([table("people", [id, email])]);
    for (const gone of [snapshot([]), renamed])
      for (const other of [changed, indexed])
        expect(conflictsOfBoth(base, gone, other)).toEqual(["table users"]);
    expect(conflictsOfBoth(base, renamed, base)).toEqual([]);
  });

  test("a table that both added, once, whatever differs in it", () => {
    const of = (...columns: readonly Item[]) => snapshot([users([id, ...columns])]);
    expect(conflictsOfBoth(snapshot([]), of(email, column("a")), of(column("b")))).toEqual([
      "table users",
    ]);
  });

  test("what each renamed to something else, but not what both dropped", () => {
    const name = (to: string) => [
      snapshot([users([id, column(to)])]),
      snapshot([table(to, [id, email], { indexes: named(index(`${to}_i`, "id")) })]),
      snapshot([], enums({ ...role("a", "b"), name: to })),
    ];
    const names = ["column users.x", "table x", "enum x"];
    const [base, ours, theirs] = [name("x"), name("a"), name("b")];
    for (const [at, conflict] of names.entries()) {
      expect(conflictsOfBoth(base[at]!, ours[at]!, theirs[at]!)).toEqual([conflict]);
      expect(conflictsOfBoth(base[at]!, ours[at]!, name("a")[at]!)).toEqual([]);
    }
    const dropped = (...more: readonly Item[]) => snapshot([users([id, ...more])]);
    const [left, right] = [column("a", { type: "uuid" }), column("b", { type: "date" })];
    expect(conflictsOfBoth(dropped(email), dropped(left), dropped(right))).toEqual([]);
    const [old, fresh] = [column("old"), column("fresh")];
    expect(conflictsOfBoth(dropped(email, old), dropped(old), dropped(fresh))).toEqual([]);
  });

  test("two primary keys where each side has one", () => {
    const of = (more: Item, ...columns: readonly Item[]) =>
      snapshot([users([column("id"), ...columns], { compositePrimaryKeys: more })]);
    const [base, ours] = [of({}), of(named(on("a", "id")))];
    expect(conflictsOfBoth(base, ours, of(named(on("b", "id"))))).toEqual(["primary key users"]);
    expect(conflictsOfBoth(base, ours, of({}, column("key", { primaryKey: true })))).toEqual([
      "primary key users",
    ]);
    expect(conflictsOfBoth(ours, of({}, column("key", { primaryKey: true })), ours)).toEqual([]);
  });

  test("everything that it finds, once and sorted", () => {
    const of = (value: number) =>
      snapshot([
        users([
          { ...id, value },
          { ...email, value },
        ]),
        table("a", [id], { value, more: value }),
      ]);
    expect(conflictsOfBoth(of(0), of(1), of(2))).toEqual([
      "column users.email",
      "column users.id",
      "table a",
    ]);
  });
});
