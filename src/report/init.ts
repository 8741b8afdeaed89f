import { counted, shortList } from "../core/count.ts";

/** How init changes a project. */
export interface Initiation {
  /** The configuration file and the copy of the old one, as shown. */
  readonly file: string;
  readonly kept: string;
  readonly service: string;
  /** A pattern with `{tenant}`, or the one schema. */
  readonly schema: string;
  readonly tenants: readonly string[];
  /** Settings of the old configuration that a fleet does not have. */
  readonly left: readonly string[];
}

/** What init is going to write, shown before it asks. */
export function intentionText(init: Initiation, config: string): string {
  return `New ${init.file} (the old one is kept as ${init.kept}):\n\n${config}`;
}

/**
 * What was written, and what to do next.
 *
 * @param config the --config that the commands need, with a space before it; empty if they find the file without it
 * @param stamp the command that records the applied migrations, if that was not done
 */
export function initText(
  init: Initiation,
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
          `No migration is recorded as applied, because ${stamp.why}. To record them, run:`,
          `  ${stamp.command}`,
        ]),
    "",
    "Next:",
    `  npx drizzle-fleet status${config}`,
    `  npx drizzle-fleet generate --down${config}`,
    `  npx drizzle-fleet generate ${service} --name <what_changes>${config}`,
    `  npx drizzle-fleet check${config}`,
    `  npx drizzle-fleet migrate${config}`,
    "From now on, migrate only with drizzle-fleet: your previous migrator does not know what it applied.",
    `drizzle-kit also reads the new file, for example: npx drizzle-kit studio${config}`,
  ].join("\n");
}
