import { counted, shortList } from "../core/count.ts";

/** What a project was, and what it becomes. */
export interface Initiation {
  /** The configuration's file, and the one that keeps the old one; as shown. */
  readonly file: string;
  readonly kept: string;
  readonly service: string;
  /** A pattern with `{tenant}`, or the one schema. */
  readonly schema: string;
  readonly tenants: readonly string[];
  /** Settings of the old configuration that a fleet has no place for. */
  readonly left: readonly string[];
}

/** What is going to be written, for whoever is asked. */
export function intentionText(init: Initiation, config: string): string {
  return `${init.file} becomes (the old one is kept as ${init.kept}):\n\n${config}`;
}

/**
 * What was written, and what to do next.
 *
 * @param config what the commands need to find the file, with a space before it; empty where they find it by themselves
 * @param stamp the command that records what is there, if that was not done
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
    `${file} declares a fleet now; the old one is ${kept}.`,
    `  service ${service}, ${where}`,
    ...(left.length > 0 ? [`  not carried over: ${left.join(", ")}`] : []),
    ...(stamp === undefined
      ? []
      : [
          "",
          `Nothing was recorded yet, because ${stamp.why}. Record what is there with:`,
          `  ${stamp.command}`,
        ]),
    "",
    "Next:",
    `  npx drizzle-fleet status${config}`,
    `  npx drizzle-fleet generate --down${config}`,
    `  npx drizzle-fleet generate ${service} --name <what_changes>${config}`,
    `  npx drizzle-fleet check${config}`,
    `  npx drizzle-fleet migrate${config}`,
    "From now on migrate with drizzle-fleet alone: what you ran before does not see its work.",
    `drizzle-kit reads the new file, too, for example: npx drizzle-kit studio${config}`,
  ].join("\n");
}
