import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { FleetError } from "../../src/core/errors.ts";
import { fill, placeholder } from "../../src/core/template.ts";
import { loadParser } from "../../src/sql/parser.ts";
import { readStatements } from "../../src/sql/read-statements.ts";

/** A piece of SQL before and after. The property is that only schema names change. */
interface Piece {
  readonly before: string;
  readonly after: string;
}

const same = (text: string): Piece => ({ before: text, after: text });

/** Text for a literal, a quoted name or a comment, with much that looks like the schema. */
const tempting = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "public",
        "public.",
        '"public".',
        "PUBLIC",
        "public.users",
        " ",
        "é",
        "日本",
        "x",
        ".",
        "--",
        "/",
        "a;b",
        "\t",
        "\u0001",
      ),
      fc.string({ maxLength: 4, unit: "binary" }),
    ),
    { maxLength: 6 },
  )
  .map((parts) =>
    parts
      .join("")
      .replace(/[\0\r\\$]/g, "")
      .replace(/\p{Surrogate}/gu, ""),
  );

const literal = fc
  .oneof(
    tempting.map((text) => `'${text.replaceAll("'", "''")}'`),
    tempting.map((text) => `E'${text.replaceAll("'", "\\'")}'`),
    tempting.map((text) => `$$${text}$$`),
    tempting.map((text) => `$public$${text}$public$`),
  )
  .map(same);

const comment = fc.oneof(
  tempting.map((text) => `/* ${text.replace(/\/\*|\*\/|[/*]/g, "")} */`),
  tempting.map((text) => `-- ${text.replaceAll("\n", " ")}\n`),
  fc.constant(" "),
);

/** A name, quoted or not; sometimes the schema's name, which is then a table, a column or an alias. */
const name = fc
  .oneof(
    fc.constantFrom(
      "users",
      "public",
      '"public"',
      '"order"',
      '"größe"',
      '"Mixed Case"',
      '"a.b"',
      "t1",
    ),
    tempting
      .filter((text) => text !== "" && text.trim() === text)
      .map((text) => `"${text.replaceAll('"', '""')}"`),
  )
  .filter((text) => !/^"(pg_|\{tenant)/.test(text));

/** The schema in its possible spellings, with blanks or comments around its dot. */
const schema = fc
  .tuple(
    fc.constantFrom("public", '"public"', "PUBLIC", "Public"),
    fc.constantFrom("", " ", "\n", " /* public. */ "),
    fc.constantFrom("", " ", "\n"),
  )
  .map(
    ([spelled, before, after]): Piece => ({
      before: `${spelled}${before}.${after}`,
      after: `${placeholder}${before}.${after}`,
    }),
  );

/** A table, qualified or not. */
const table = fc.oneof(
  fc.tuple(schema, name).map(
    ([qualifier, own]): Piece => ({
      before: qualifier.before + own,
      after: qualifier.after + own,
    }),
  ),
  name.map(same),
);

/** A column of a table with the alias `alias`: two parts are an alias and a column, three begin with the schema. */
const column = fc.oneof(
  fc.tuple(name, name).map(([alias, own]) => same(`${alias}.${own}`)),
  fc.tuple(schema, name, name).map(
    ([qualifier, of, own]): Piece => ({
      before: `${qualifier.before}${of}.${own}`,
      after: `${qualifier.after}${of}.${own}`,
    }),
  ),
  name.map(same),
);

const value = fc.oneof(literal, column);

/** Concatenates pieces, with the strings between them unchanged. */
function sql(strings: TemplateStringsArray, ...pieces: (Piece | string)[]): Piece {
  const text = (key: keyof Piece) =>
    strings.reduce((sum, string, index) => {
      const piece = pieces[index - 1];
      return (
        sum + (piece === undefined ? "" : typeof piece === "string" ? piece : piece[key]) + string
      );
    });
  return { before: text("before"), after: text("after") };
}

const statement: fc.Arbitrary<Piece> = fc.oneof(
  fc
    .tuple(table, name, value, comment)
    .map(([of, alias, what, note]) => sql`SELECT ${what} ${note} FROM ${of} AS ${alias}`),
  fc
    .tuple(table, name, value)
    .map(([of, own, what]) => sql`INSERT INTO ${of} (${own}) SELECT ${what}`),
  fc
    .tuple(table, name, value, column, literal)
    .map(
      ([of, own, what, other, text]) =>
        sql`UPDATE ${of} SET ${own} = ${what} WHERE ${other} = ${text}`,
    ),
  fc
    .tuple(table, value, comment)
    .map(([of, what, note]) => sql`DELETE FROM ${of} ${note} WHERE ${what} IS NULL`),
  fc
    .tuple(table, name, name)
    .map(
      ([of, policy, role]) =>
        sql`CREATE POLICY ${policy} ON ${of} TO public, ${role === "public" ? "PUBLIC" : '"public_role"'}`,
    ),
  fc
    .tuple(table, name, table, name, comment)
    .map(
      ([of, own, to, key, note]) =>
        sql`ALTER TABLE ${of} ADD FOREIGN KEY (${own}) REFERENCES ${to} ${note} (${key})`,
    ),
  fc
    .tuple(table, literal, literal)
    .map(([type, one, two]) =>
      /^(E'|\$)/.test(one.before + two.before)
        ? sql`DROP TYPE ${type}`
        : sql`COMMENT ON TABLE ${type} IS ${one}`,
    ),
  fc
    .tuple(table, name, table)
    .map(
      ([of, own, type]) =>
        sql`ALTER TABLE ${of} ALTER COLUMN ${own} SET DATA TYPE ${type} USING ${own}::${type}`,
    ),
  fc
    .tuple(name, table, value)
    .map(([cte, of, what]) => sql`WITH ${cte} AS (SELECT ${what} FROM ${of}) SELECT * FROM ${cte}`),
  fc.tuple(table, table).map(([of, other]) => sql`DROP TABLE ${of}, ${other} CASCADE`),
  fc
    .tuple(table, table, value, table)
    .map(
      ([name1, arg, what, of]) =>
        sql`CREATE FUNCTION ${name1}(${arg}) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT ${what} FROM ${of}; END`,
    ),
  fc.tuple(table, column, table).map(([fn, what, of]) => {
    const body = sql`SELECT ${what} FROM ${of}`;
    return body.before.includes("$body$")
      ? sql`SELECT 1`
      : sql`CREATE FUNCTION ${fn}() RETURNS integer LANGUAGE sql AS $body$ ${body} $body$`;
  }),
  fc
    .tuple(table, column, table)
    .map(
      ([fn, what, of]) =>
        sql`CREATE FUNCTION ${fn}() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN PERFORM ${what} FROM ${of}; RETURN NEW; END $body$`,
    ),
);

describe("for any statement", () => {
  beforeAll(loadParser);

  test("schema names become gaps, and no literal, comment, role, alias or column changes", () => {
    let kept = 0;
    fc.assert(
      fc.property(statement, ({ before, after }) => {
        const problems: FleetError[] = [];
        const { statements } = readStatements("p.sql", before, { sharedSchemas: [] }, problems);
        // Not every combination is valid SQL (such as a name like E'...' next to a keyword): those prove nothing.
        fc.pre(!problems.some(({ code }) => code === "syntax"));
        expect(problems.map(({ message }) => message)).toEqual([]);
        expect(statements.map(({ sql: template }) => fill(template, placeholder))).toEqual([
          after.trimEnd(),
        ]);
        kept += 1;
      }),
      { numRuns: 3_000 },
    );
    expect(kept).toBeGreaterThan(2_500);
  });

  test("a history is split at the same places, whatever is between breakpoints", () => {
    fc.assert(
      fc.property(
        fc.array(statement, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (pieces, semicolon) => {
          const text = pieces
            .map(({ before }) => before + (semicolon ? "\n;" : "\n"))
            .join("--> statement-breakpoint\n");
          const problems: FleetError[] = [];
          const { statements } = readStatements("p.sql", text, { sharedSchemas: [] }, problems);
          fc.pre(problems.length === 0);
          expect(statements.map(({ original }) => original)).toEqual(
            pieces.map(({ before }) => before.trimEnd()),
          );
          const lines = text.split("\n");
          for (const { line, original } of statements)
            expect(lines[line - 1]).toContain(original.split("\n")[0]);
        },
      ),
      { numRuns: 500 },
    );
  });
});
