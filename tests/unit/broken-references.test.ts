import { describe, expect, test } from "vitest";
import {
  check,
  column,
  conflictsOfBoth,
  email,
  enumColumn,
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

describe("mergeSnapshots reports a reference to something that the other side dropped:", () => {
  const posts = (more: Item = {}) => table("posts", [id, column("user_id")], more);
  const base = snapshot([users([id, email]), posts()], enums(role("a")));
  const kept = [users([id, email]), posts()] as const;

  const without = {
    email: snapshot([users([id]), posts()], enums(role("a"))),
    "email, renamed": snapshot([users([id, column("mail")]), posts()], enums(role("a"))),
    users: snapshot([posts()], enums(role("a"))),
    "users, renamed": snapshot([table("people", [id, email]), posts()], enums(role("a"))),
    role: snapshot(kept),
    "role, renamed": snapshot(kept, enums({ ...role("a"), name: "kind" })),
  };
  const withUsers = (more: Item) => snapshot([users([id, email], more), posts()], enums(role("a")));
  const withPosts = (more: Item) => snapshot([users([id, email]), posts(more)], enums(role("a")));
  const expression = { name: "i", columns: [{ expression: 'lower("email")', isExpression: true }] };
  const partial = { ...index("i", "id"), where: '"users"."email" is not null' };
  const typed = (type: string) =>
    snapshot([users([id, email, enumColumn("r", type)]), posts()], enums(role("a")));
  const view = { name: "v", schema: "public", definition: 'select "users"."email" from "users"' };

  test.each([
    ["index users.i", withUsers({ indexes: named(index("i", "id", "email")) }), "email"],
    ["index users.i", withUsers({ indexes: named(expression) }), "email"],
    ["index users.i", withUsers({ indexes: named(partial) }), "email"],
    [
      "unique constraint users.u",
      withUsers({ uniqueConstraints: named(on("u", "email")) }),
      "email",
    ],
    [
      "check users.c",
      withUsers({ checkConstraints: named(check("c", "length(Email) > 3")) }),
      "email",
    ],
    [
      "policy users.p",
      withUsers({ policies: named({ name: "p", using: "true", withCheck: "email <> ''" }) }),
      "email",
    ],
    [
      "policy users.p",
      withUsers({ policies: named({ name: "p", using: 'email = "id"' }) }),
      "email",
    ],
    [
      "foreign key users.f",
      withUsers({ foreignKeys: named(foreignKey("f", "email", "posts", "id")) }),
      "email",
    ],
    [
      "foreign key posts.f",
      withPosts({ foreignKeys: named(foreignKey("f", "user_id", "users", "email")) }),
      "email",
    ],
    [
      "foreign key posts.f",
      withPosts({ foreignKeys: named(foreignKey("f", "user_id", "users", "id")) }),
      "users",
    ],
    ["view v", snapshot(kept, { ...enums(role("a")), views: inSchema([view]) }), "email"],
    ["view v", snapshot(kept, { ...enums(role("a")), views: inSchema([view]) }), "users"],
    ["column users.r", typed("role"), "role"],
    ["column users.r", typed("role[]"), "role"],
    ["column users.r", typed("role[3][]"), "role"],
  ] as const)("%s", (name, using, what) => {
    expect(conflictsOfBoth(base, without[what], using)).toEqual([name]);
    expect(conflictsOfBoth(base, without[`${what}, renamed`], using)).toEqual([name]);
    expect(conflictsOfBoth(base, base, using)).toEqual([]);
    expect(conflictsOfBoth(base, without["email, renamed"], without.role)).toEqual([]);
  });

  test("in a check, by a name that SQL must quote", () => {
    const of = (...columns: readonly Item[]) => snapshot([users([id, ...columns])]);
    const quoted = column('E"mail');
    const checked = named(check("c", '"E""mail" is not null'));
    const using = snapshot([users([id, quoted], { checkConstraints: checked })]);
    expect(conflictsOfBoth(of(quoted), of(), using)).toEqual(["check users.c"]);
  });

  test("in a view, only if it names the table", () => {
    const viewing = (definition: string) =>
      snapshot(kept, { ...enums(role("a")), views: inSchema([{ ...view, definition }]) });
    const counting = viewing("select count(*) from users");
    expect(conflictsOfBoth(base, without.users, counting)).toEqual(["view v"]);
    expect(conflictsOfBoth(base, without.email, counting)).toEqual([]);
    const other = viewing("select id as email from posts");
    expect(conflictsOfBoth(base, without.email, other)).toEqual([]);
  });

  test("in a foreign key to a table in another schema", () => {
    const there = (...columns: readonly Item[]) => [{ ...users(columns), schema: "s" }, ...kept];
    const foreign = { ...foreignKey("f", "user_id", "users", "email"), schemaTo: "s" };
    const keyed = { ...posts(), foreignKeys: named(foreign) };
    const schemas = { schemas: { s: "s" } };
    const using = snapshot([...there(id, email), keyed], schemas);
    const dropped = snapshot(there(id), schemas);
    const before = snapshot(there(id, email), schemas);
    expect(conflictsOfBoth(before, dropped, using)).toEqual(["foreign key posts.f"]);
    const elsewhere = snapshot([...there(id, email).slice(0, 1), users([id]), posts()], schemas);
    expect(conflictsOfBoth(before, elsewhere, using)).toEqual([]);
  });

  test("in a primary key", () => {
    const of = (columns: readonly Item[], keys: Item = {}) =>
      snapshot([users(columns, { compositePrimaryKeys: keys })]);
    const plain = column("id");
    const [before, using] = [of([plain, email]), of([plain, email], named(on("k", "id", "email")))];
    expect(conflictsOfBoth(before, of([plain]), using)).toEqual(["primary key users.k"]);
    expect(conflictsOfBoth(before, of([plain, email, column("x")]), using)).toEqual([]);
  });

  test("in a generated column", () => {
    const of = (...columns: readonly Item[]) => snapshot([users([id, ...columns])]);
    const generated = column("domain", { generated: { as: "lower(email)", type: "stored" } });
    expect(conflictsOfBoth(of(email), of(), of(email, generated))).toEqual(["column users.domain"]);
  });

  test("of a table to its schema, and of a policy to its role", () => {
    const whole = { schemas: { s: "s" }, roles: { r: { name: "r" } } };
    const policies = named({ name: "p", to: ["r", "somebody"] });
    const using = snapshot(
      [users([id], { policies }), { ...table("t", [id]), schema: "s" }],
      whole,
    );
    expect(conflictsOfBoth(snapshot([users([id])], whole), snapshot([users([id])]), using)).toEqual(
      ["policy users.p", "table s.t"],
    );
  });

  test("but not if its own side lacked it already", () => {
    const foreign = { foreignKeys: named(foreignKey("f", "user_id", "elsewhere", "id")) };
    expect(conflictsOfBoth(base, withPosts(foreign), without.email)).toEqual([]);
    const word = (...columns: readonly Item[]) =>
      snapshot([users([id, ...columns], { checkConstraints: named(check("c", "'email' <> ''")) })]);
    expect(conflictsOfBoth(word(email), word(), word(email, column("x")))).toEqual([]);
  });
});
