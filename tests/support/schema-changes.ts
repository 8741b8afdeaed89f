/** A change of a Drizzle schema, as the text of its tables before and after. */
export interface Change {
  readonly before: string;
  readonly after: string;
  readonly renames?: readonly string[];
  readonly drops?: readonly string[];
  /** What generate reports about tenants' rows, for the migration and its down; by default nothing. */
  readonly depends?: readonly RegExp[];
  /** Later Drizzle schemas, each with its own migration. */
  readonly later?: readonly string[];
}

const id = `id: integer("id").primaryKey().generatedAlwaysAsIdentity()`;
const users = (columns: string, more = "") =>
  `export const users = pgTable("users", { ${id}, ${columns} }, (t) => [${more}]);`;
const role = (...values: string[]) =>
  `export const role = pgEnum("role", ${JSON.stringify(values)});`;
const roleColumn = `role: role("role").notNull()`;

/** A column with an enum and a default, and the columns that depend on it. */
const withRole = (...more: string[]) =>
  [`role: role("role").notNull().default("reader")`, ...more].join(", ");

/** An enum loses the value `ghost`, while something else uses the enum. */
function losing(columns: string, more = "", rest = ""): Change {
  const tables = `${users(columns, more)}\n${rest}`;
  return {
    before: `${role("reader", "ghost", "writer")}\n${tables}`,
    after: `${role("reader", "writer")}\n${tables}`,
    depends: [/invalid input value for enum/],
  };
}

/**
 * Changes for which drizzle-kit 0.31, 1.0 or both write SQL in an order that cannot run, in the migration or its down;
 * or for which they omit a part.
 */
export const changesInOrder: Readonly<Record<string, Change>> = {
  "a policy no longer uses a column that goes": {
    before: users(
      `gone: boolean("gone")`,
      `pgPolicy("see", { using: sql\`\${t.id} > 0 and gone is null\` })`,
    ),
    after: users(`kept: boolean("kept")`, `pgPolicy("see", { using: sql\`\${t.id} > 0\` })`),
    drops: ["column:users.gone"],
  },
  "a policy begins to use a column that comes": {
    before: users(`kept: boolean("kept")`, `pgPolicy("see", { using: sql\`\${t.id} > 0\` })`),
    after: users(
      `kept: boolean("kept"), more: boolean("more")`,
      `pgPolicy("see", { using: sql\`\${t.id} > 0 and more is null\` })`,
    ),
  },
  "a primary key comes with its column": {
    before: `export const t = pgTable("t", { a: integer("a").notNull() });`,
    after: `export const t = pgTable("t", { a: integer("a").notNull(), b: integer("b").notNull().default(0) },
      (t) => [primaryKey({ columns: [t.a, t.b] })]);`,
    depends: [/could not create unique index/],
  },
  "a primary key of one column becomes one of two": {
    before: `export const t = pgTable("t", { a: integer("a").primaryKey(), b: integer("b").notNull() });`,
    after: `export const t = pgTable("t", { a: integer("a").notNull(), b: integer("b").notNull() },
      (t) => [primaryKey({ columns: [t.a, t.b] })]);`,
  },
  "a primary key of two columns becomes one of one": {
    before: `export const t = pgTable("t", { a: integer("a").notNull().unique(), b: integer("b").notNull() },
      (t) => [primaryKey({ columns: [t.a, t.b] })]);`,
    after: `export const t = pgTable("t", { a: integer("a").primaryKey(), b: integer("b").notNull() });`,
  },
  "a generated column comes with what it is made from": {
    before: users(`a: text("a")`),
    after: users(
      `a: text("a"), whole: text("whole").generatedAlwaysAs(sql\`first || ' ' || a\`), first: text("first")`,
    ),
  },
  "a generated column is made in another way, and of another type": {
    before: users(`a: text("a"), made: text("made").generatedAlwaysAs(sql\`lower(a)\`)`),
    after: users(`a: text("a"), made: boolean("made").generatedAlwaysAs(sql\`a is null\`)`),
  },
  "views come that read each other": {
    before: users(`a: text("a")`),
    after: `${users(`a: text("a")`)}
      export const above = pgView("above", { a: text("a") }).as(sql\`select a from below\`);
      export const below = pgView("below", { a: text("a") }).as(sql\`select a from users\`);`,
  },
  "views show another column, and read each other": {
    before: `${users(`a: text("a"), b: text("b")`)}
      export const above = pgView("above", { a: text("a") }).as(sql\`select a from below\`);
      export const below = pgView("below", { a: text("a") }).as(sql\`select a from users\`);`,
    after: `${users(`a: text("a"), b: text("b")`)}
      export const above = pgView("above", { b: text("b") }).as(sql\`select b from below\`);
      export const below = pgView("below", { b: text("b") }).as(sql\`select b from users\`);`,
  },
  "a column changes its type under a view, and a view over it": {
    before: `${users(`a: integer("a")`)}
      export const below = pgView("below", { a: integer("a") }).as(sql\`select a from users\`);
      export const above = pgView("above", { a: integer("a") }).as(sql\`select a from below\`);`,
    after: `${users(`a: bigint("a", { mode: "number" })`)}
      export const below = pgView("below", { a: bigint("a", { mode: "number" }) }).as(sql\`select a from users\`);
      export const above = pgView("above", { a: bigint("a", { mode: "number" }) }).as(sql\`select a from below\`);`,
  },
  "a column changes its type under a materialized view": {
    before: `${users(`a: integer("a")`)}
      export const kept = pgMaterializedView("kept").as((qb) => qb.select({ a: users.a }).from(users));`,
    after: `${users(`a: bigint("a", { mode: "number" })`)}
      export const kept = pgMaterializedView("kept").as((qb) => qb.select({ a: users.a }).from(users));`,
  },
  "a key and what refers to it change their type": {
    before: `export const a = pgTable("a", { id: integer("id").primaryKey() });
      export const b = pgTable("b", { a: integer("a").references(() => a.id) });`,
    after: `export const a = pgTable("a", { id: bigint("id", { mode: "number" }).primaryKey() });
      export const b = pgTable("b", { a: bigint("a", { mode: "number" }).references(() => a.id) });`,
  },
  "a key and what refers to it become uuid": {
    before: `export const a = pgTable("a", { id: text("id").primaryKey() });
      export const b = pgTable("b", { a: text("a").references(() => a.id) });`,
    after: `export const a = pgTable("a", { id: uuid("id").primaryKey() });
      export const b = pgTable("b", { a: uuid("a").references(() => a.id) });`,
    depends: [/invalid input syntax for type uuid/],
  },
  "a key and what refers to it become text": {
    before: `export const a = pgTable("a", { id: uuid("id").primaryKey() });
      export const b = pgTable("b", { a: uuid("a").references(() => a.id) });`,
    after: `export const a = pgTable("a", { id: text("id").primaryKey() });
      export const b = pgTable("b", { a: text("a").references(() => a.id) });`,
    depends: [/its down .* type uuid/],
  },
  "a foreign key between texts goes": {
    before: `export const a = pgTable("a", { id: text("id").primaryKey(), up: text("up").references(() => a.id) });`,
    after: `export const a = pgTable("a", { id: text("id").primaryKey(), up: text("up") });`,
    depends: [/its down .* foreign key/i],
  },
  "a key that counts becomes text": {
    before: `export const a = pgTable("a", { id: serial("id").primaryKey() });`,
    after: `export const a = pgTable("a", { id: text("id").primaryKey() });`,
    depends: [/its down .* type integer/],
  },
  "a key becomes one that counts, with rows that are there": {
    before: `export const a = pgTable("a", { id: integer("id").primaryKey() });`,
    after: `export const a = pgTable("a", { id: integer("id").primaryKey().generatedByDefaultAsIdentity() });`,
  },
  "a column that cannot be read as its new type changes it": {
    before: users(`a: text("a")`),
    after: users(`a: integer("a")`),
    depends: [/invalid input syntax for type integer/],
  },
  "a boolean with a default becomes text with another one": {
    before: users(`a: boolean("a").notNull().default(true)`),
    after: users(`a: text("a").notNull().default("a default")`),
    depends: [/its down .* type boolean/],
  },
  "a text becomes a boolean whose default is false": {
    before: users(`a: text("a").notNull().default("no")`),
    after: users(`a: boolean("a").notNull().default(false)`),
    depends: [/the migration .* type boolean/],
  },
  "an enum loses a value that a composite key may hold": losing(
    roleColumn,
    `unique("both").on(t.id, t.role)`,
  ),
  "an enum loses a value in a primary key of two columns": {
    ...losing("", ""),
    before: `${role("reader", "ghost", "writer")}
      export const t = pgTable("t", { a: integer("a").notNull(), role: role("role").notNull() }, (t) => [primaryKey({ columns: [t.a, t.role] })]);`,
    after: `${role("reader", "writer")}
      export const t = pgTable("t", { a: integer("a").notNull(), role: role("role").notNull() }, (t) => [primaryKey({ columns: [t.a, t.role] })]);`,
  },
  "an enum loses a value under a unique index": losing(
    roleColumn,
    `uniqueIndex("one").on(t.role, t.id)`,
  ),
  "an enum loses a value under an index with a condition": losing(
    withRole(),
    `index("writers").on(t.id).where(sql\`\${t.role} = 'writer'\`)`,
  ),
  "an enum loses a value under a check and a default": losing(
    withRole(`roles: role("roles").array().notNull().default(["writer"])`),
    `check("known", sql\`\${t.role} <> 'writer' or \${t.id} > 0\`)`,
  ),
  "an enum loses a value under a generated column": losing(
    withRole(`writes: boolean("writes").generatedAlwaysAs(sql\`role = 'writer'\`)`),
  ),
  "an enum loses a value under a default that is an expression": losing(
    `role: role("role").default(sql\`lower('READER')::role\`)`,
  ),
  "an enum loses a value under a policy of another table": losing(
    withRole(),
    "",
    `export const notes = pgTable("notes", { ${id} }, (t) => [
      pgPolicy("writers", { using: sql\`exists (select 1 from users u where u.id = notes.id and u.role = 'writer')\` })]);`,
  ),
  "an enum loses a value under views": losing(
    withRole(),
    "",
    `export const writers = pgView("writers").as((qb) => qb.select({ id: users.id, role: users.role }).from(users).where(sql\`\${users.role} = 'writer'\`));`,
  ),
  "an enum loses a value while one of its columns goes": {
    before: `${role("reader", "ghost", "writer")}\n${users(`${roleColumn}, second: role("second").default("reader")`)}`,
    after: `${role("reader", "writer")}\n${users(roleColumn)}`,
    depends: [/invalid input value for enum/],
  },
  "an enum loses a value while another column of it comes": {
    before: `${role("reader", "ghost", "writer")}\n${users(roleColumn)}`,
    after: `${role("reader", "writer")}\n${users(`${roleColumn}, second: role("second").default("reader")`)}`,
    depends: [/invalid input value for enum/],
  },
  "an enum loses a value while one of its columns becomes text": {
    before: `${role("reader", "ghost", "writer")}
      ${users(`${roleColumn}, second: role("second")`, `check("known", sql\`\${t.second} <> 'writer' or \${t.id} > 0\`)`)}`,
    after: `${role("reader", "writer")}
      ${users(`${roleColumn}, second: text("second")`, `check("known", sql\`\${t.second} <> 'writer' or \${t.id} > 0\`)`)}`,
    depends: [/invalid input value for enum/],
  },
  "an enum loses a value while it is renamed": {
    before: `${role("reader", "ghost", "writer")}\n${users(withRole())}`,
    after: `${role("reader", "writer").replace('"role"', '"kind"')}\n${users(withRole())}`,
    renames: ["enum:role=kind"],
    depends: [/invalid input value for enum/],
  },
  "an enum loses a value while its column is renamed": {
    before: `${role("reader", "ghost", "writer")}\n${users(withRole(), `index("writers").on(t.id).where(sql\`\${t.role} = 'writer'\`)`)}`,
    after: `${role("reader", "writer")}
      ${users(withRole().replace('role("role")', 'role("part")'), `index("writers").on(t.id).where(sql\`\${t.role} = 'writer'\`)`)}`,
    renames: ["column:users.role=part"],
    depends: [/invalid input value for enum/],
  },
  "an enum loses a value while its table is renamed": {
    before: `${role("reader", "ghost", "writer")}\n${users(withRole(), `check("known", sql\`\${t.role} <> 'writer' or \${t.id} > 0\`)`)}`,
    after: `${role("reader", "writer")}
      ${users(withRole(), `check("known", sql\`\${t.role} <> 'writer' or \${t.id} > 0\`)`).replace('"users"', '"people"')}`,
    renames: ["table:users=people"],
    depends: [/invalid input value for enum/],
  },
  "an enum goes, and its column becomes text under a check, a policy and an index": {
    before: `${role("reader", "writer")}
      ${users(
        roleColumn,
        `check("known", sql\`\${t.role} <> 'writer' or \${t.id} > 0\`), pgPolicy("see", { using: sql\`role = 'writer'\` }), index("writers").on(t.id).where(sql\`\${t.role} = 'writer'\`)`,
      )}`,
    after: users(
      `role: text("role").notNull()`,
      `check("known", sql\`\${t.role} <> 'writer' or \${t.id} > 0\`), pgPolicy("see", { using: sql\`role = 'writer'\` }), index("writers").on(t.id).where(sql\`\${t.role} = 'writer'\`)`,
    ),
    // The down fails for texts that are not values of the enum.
    depends: [/invalid input value for enum/],
  },
  "an enum gains a value in the migration that adds a column of it": {
    before: `${role("reader", "writer")}\n${users(roleColumn)}`,
    after: `${role("reader", "writer", "owner")}\n${users(`${roleColumn}, second: role("second").notNull().default("reader")`)}`,
    depends: [/its down .* invalid input value for enum/],
  },
  "an enum gains a value between others, and loses one": {
    before: `${role("a", "b", "c", "d")}\n${users(roleColumn)}`,
    after: `${role("d", "a", "new", "c")}\n${users(roleColumn)}`,
    depends: [/invalid input value for enum/],
  },
  "a table with names of its own for its keys is renamed, and its constraints go later": {
    before: `export const t = pgTable("log entries", { id: integer("id").primaryKey(), mail: text("mail").unique(), up: integer("up").references(() => t.id) });`,
    after: `export const t = pgTable("lines", { id: integer("id").primaryKey(), mail: text("mail").unique(), up: integer("up").references(() => t.id) });`,
    renames: ["table:log entries=lines"],
    later: [
      `export const t = pgTable("lines", { id: integer("id").primaryKey(), mail: text("mail"), up: integer("up") });`,
      `export const t = pgTable("lines", { id: integer("id").notNull(), mail: text("mail"), up: integer("up") });`,
      `export const t = pgTable("lines", { id: integer("id").notNull(), mail: text("mail").notNull().default("") , up: integer("up") }, (t) => [primaryKey({ columns: [t.id, t.mail] })]);`,
    ],
    // Without the constraints, rows can have the same id or mail; the down then cannot restore the constraints.
    depends: [
      /could not create unique index|contains null values|violates foreign key|FOREIGN KEY/,
    ],
  },
};
