import { counted, shortList } from "../core/count.ts";

/** What init changes in a project. */
export interface InitChanges {
  /** The configuration file, and the copy of the old one, as shown to the user. */
  readonly file: string;
  readonly kept: string;
  readonly service: string;
  /** A pattern with `{tenant}`, or a single schema. */
  readonly schema: string;
  readonly tenants: readonly string[];
  /** Settings of the old configuration that a fleet does not have. */
  readonly left: readonly string[];
}

/** What will be written, for the confirmation prompt. */
export function previewText(init: InitChanges, config: string): string {
  return `${init.file} will contain (the old file is kept as ${init.kept}):\n\n${config}`;
}

/**
 * What was written, and what to do next.
 *
 * @param config the option that commands need to find the file, with a leading space; empty if they need none
 * @param stamp the command that records existing tables, if that was not done
 */
export function initText(
  init: InitChanges,
  config: string,
  stamp: { readonly command: string; readonly why: string } | undefined,
): string {
  const { file, kept, service, schema, tenants, left } = init;
  const where = schema.includes("{tenant}")
    ? `tenant schemas ${schema}, ${counted(tenants.length, "tenant")}: ${shortList(tenants) || "none yet"}`
    : `schema ${schema}`;
  return [
    `${file} now defines a fleet. The old file is kept as ${kept}.`,
    `  service ${service}, ${where}`,
    ...(left.length > 0 ? [`  not carried over: ${left.join(", ")}`] : []),
    ...(stamp === undefined
      ? []
      : [
          "",
          `Nothing is recorded yet, because ${stamp.why}. To record the migrations that are already applied, run:`,
          `  ${stamp.command}`,
        ]),
    "",
    "Next:",
    `  npx drizzle-fleet status${config}`,
    `  npx drizzle-fleet generate --down${config}`,
    `  npx drizzle-fleet generate ${service} --name <what_changes>${config}`,
    `  npx drizzle-fleet check${config}`,
    `  npx drizzle-fleet migrate${config}`,
    "From now on, migrate with drizzle-fleet only: the old migrator does not see what drizzle-fleet applies.",
    `drizzle-kit also reads the new file, for example: npx drizzle-kit studio${config}`,
  ].join("\n");
}
