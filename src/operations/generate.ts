import { relative } from "node:path";
import { compareSchema, type SchemaDiff, sqlOf } from "../autogenerate/diff.ts";
import { nameFor } from "../autogenerate/name.ts";
import { questionText } from "../autogenerate/renames.ts";
import { writeMigration } from "../autogenerate/write.ts";
import { FleetError } from "../core/errors.ts";
import { loadParser } from "../sql/parser.ts";
import type { Context } from "./context.ts";
import { selectServices } from "./services.ts";

export interface GenerateOptions {
  readonly services: readonly string[];
  /** What the tag says behind its number; without it, a name is made from the SQL. */
  readonly name?: string | undefined;
  /** An empty migration to fill in, such as a backfill. */
  readonly custom?: boolean;
  /** Whether somebody sits at a terminal and can answer drizzle-kit's questions about renames. */
  readonly interactive: boolean;
}

export interface Generated {
  readonly service: string;
  /** The SQL file, or undefined when the schema has no change. */
  readonly file: string | undefined;
}

/**
 * Writes one migration for each service whose Drizzle schema changed.
 *
 * @throws FleetError `rename` when something may have been renamed and nobody can be asked; then nothing is written
 */
export async function generate(context: Context, options: GenerateOptions): Promise<Generated[]> {
  const { fleet, root } = context.config;
  const diffs: SchemaDiff[] = [];
  for (const [service, config] of selectServices(fleet, options.services)) {
    diffs.push(await compareSchema(service, config, root));
  }
  if (!options.interactive && options.custom !== true) refuseQuestions(diffs);
  const generated: Generated[] = [];
  for (const diff of diffs)
    generated.push({ service: diff.service, file: await generateOne(diff, options) });
  return generated;
}

async function generateOne(
  diff: SchemaDiff,
  options: GenerateOptions,
): Promise<string | undefined> {
  if (options.custom === true) {
    return relative(process.cwd(), await writeMigration(diff, options.name ?? "custom", undefined));
  }
  const statements = await sqlOf(diff, "ask");
  if (statements.length === 0) return undefined;
  await loadParser();
  const name = options.name ?? nameFor(statements);
  return relative(process.cwd(), await writeMigration(diff, name, statements));
}

function refuseQuestions(diffs: readonly SchemaDiff[]): void {
  const questions = diffs.flatMap(({ service, questions: asked }) =>
    asked.map((one) => `${service}: ${questionText(one)}`),
  );
  if (questions.length === 0) return;
  throw new FleetError(
    "rename",
    `only a person can tell:\n${questions.map((question) => `  ${question}`).join("\n")}`,
    {
      remedy: "Run generate on a terminal, where it asks. Nothing was written.",
    },
  );
}
