import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { glob } from "tinyglobby";
import { describe, expect, test } from "vitest";
import { resolveDatabases } from "../../src/config/environment.ts";
import { retiredWarnings } from "../../src/config/retired.ts";
import { parseFleet } from "../../src/config/schema.ts";
import { appFleet } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

/** Texts of the repository by file name. */
async function textsOf(...patterns: string[]): Promise<Map<string, string>> {
  const files = await glob(patterns, { cwd: repository });
  const texts = files.map(
    async (file) => [file, await readFile(join(repository, file), "utf8")] as const,
  );
  return new Map(await Promise.all(texts));
}

/** The parts of a text that only src/postgres may contain: they load a driver or create a connection. */
function connects(text: string): string[] {
  const driver = `["'](?:pg|pg-[\\w-]+|postgres|drizzle-orm/postgres-js)(?:/[^"']*)?["']`;
  const loads = [
    // Type imports do not exist at run time.
    new RegExp(`\\b(?:import|export)\\s+(?!type\\b)[^;"']*\\bfrom\\s*${driver}`, "g"),
    new RegExp(`\\b(?:import|require)\\s*\\(\\s*${driver}`, "g"),
    new RegExp(`\\bimport\\s*${driver}`, "g"),
    /\bnew\s+(?:\w+\s*\.\s*)*(?:Client|Pool)\b/g,
    // Drizzle creates its own pool unless it gets a client.
    /\bdrizzle\(\s*(?:["'`]|\{\s*connection|process\b)/g,
  ];
  return loads.flatMap((pattern) => text.match(pattern) ?? []);
}

describe("output passes through src/cli/output.ts", () => {
  test("no other file writes to standard output or standard error, or changes their text", async () => {
    const texts = await textsOf("src/**/*.ts");
    const writing = [...texts].filter(([, text]) =>
      /\bstd(out|err)\s*\.\s*write\b|\bconsole\s*\.|\\(u001b|x1b)\[/.test(text),
    );
    // progress.ts and preflight.ts redraw their progress, and progress.ts writes everything else as output.ts does. bin.ts must run on any Node.js, and
    // writes no text from outside.
    expect(writing.map(([file]) => file).sort()).toEqual([
      "src/cli/bin.ts",
      "src/cli/output.ts",
      "src/report/preflight.ts",
      "src/report/progress.ts",
    ]);
  });
});

const retired = "ALGA_DB_";

describe("connections are made only in src/postgres", () => {
  test("no other file loads a driver or creates a client or a pool", async () => {
    const texts = await textsOf("src/**/*.ts", "schema/**/*.ts");
    const found = [...texts].filter(([, text]) => connects(text).length > 0);
    expect(texts.size).toBeGreaterThan(100);
    expect(found.map(([file]) => file).filter((file) => !file.startsWith("src/postgres/"))).toEqual(
      [],
    );
    // The search itself works: it finds the file that does so.
    expect(found.map(([file]) => file)).toContain("src/postgres/session.ts");
  });

  test.each([
    `import pg from "pg";`,
    `import { Client } from 'pg';`,
    `import {\n  type Client,\n  Pool,\n} from "pg";`,
    `import "pg";`,
    `export { Pool } from "pg-pool";`,
    `const { default: pg } = await import("pg");`,
    `const pg = require( "pg" );`,
    `const db = drizzle("postgresql://host/name");`,
    "new pg.Client({})",
    "new Client",
    "new Pool()",
    "new driver . Pool ()",
  ])("%j would be detected", (text) => {
    expect(connects(text)).not.toEqual([]);
  });

  test.each([
    `import type { Connection } from "pg";`,
    `import type { NodePgDatabase } from "drizzle-orm/node-postgres";`,
    `import { x } from "./pg";`,
    "new ClientError()",
  ])("%j is allowed", (text) => {
    expect(connects(text)).toEqual([]);
  });
});

describe("retired variables", () => {
  const values = Object.fromEntries(
    ["HOST", "PORT", "NAME", "USER", "PASSWORD", "ADMIN_USER", "ADMIN_PASSWORD", "PASSWORD_FILE"]
      .map((name) => `${retired}${name}`)
      .map((name) => [name, "never-looked-at"]),
  );

  /** An environment that has them, and throws if one is read. */
  function guarded(more: Record<string, string> = {}) {
    const seen: string[] = [];
    const environment = new Proxy<Record<string, string | undefined>>(
      { ...values, ...more },
      {
        get(target, name) {
          seen.push(String(name));
          if (String(name).startsWith(retired)) throw new Error(`${String(name)} was read`);
          return Reflect.get(target, name);
        },
      },
    );
    return { environment, seen };
  }

  test("are named in only one file", async () => {
    const texts = await textsOf("src/**/*", "schema/**/*", "scripts/**/*", "drizzle.config.ts");
    const naming = [...texts].filter(([, text]) => text.includes(retired));
    expect(naming.map(([file]) => file)).toEqual(["src/config/retired.ts"]);
    // Their names are not built from parts either.
    const parts = [...texts].filter(([, text]) => /ALGA/i.test(text));
    expect(parts.map(([file]) => file)).toEqual(["src/config/retired.ts"]);
  });

  test("are reported without reading their values", () => {
    const { environment, seen } = guarded();
    const warnings = retiredWarnings(environment);
    expect(warnings).toHaveLength(Object.keys(values).length);
    expect(warnings).toContain(
      `warning: ${retired}PASSWORD_FILE is no longer read. Set DB_PASSWORD_SERVER_FILE instead.`,
    );
    expect(seen).toEqual([]);
  });

  test("do not configure a database", () => {
    const fleet = parseFleet(appFleet("x", [], { databases: { main: {} } }));
    expect(resolveDatabases(fleet, ["main"], guarded().environment)).toMatchObject({
      kind: "embedded",
    });
    const standard = {
      DB_HOST: "h",
      DB_NAME_SERVER: "n",
      DB_USER_ADMIN: "u",
      DB_PASSWORD_ADMIN: "p",
      DB_USER_SERVER: "s",
      DB_PASSWORD_SERVER: "q",
    };
    for (const role of ["admin", "application"] as const) {
      const { environment, seen } = guarded(standard);
      expect(resolveDatabases(fleet, ["main"], environment, role).kind).toBe("configured");
      expect(seen).toContain("DB_HOST");
    }
  });
});
