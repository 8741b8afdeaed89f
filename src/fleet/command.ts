import { configOption } from "../config/find.ts";
import type { Selection } from "../tenants/targets.ts";
import type { Context } from "./context.ts";

/**
 * A command with the selection and configuration of the current one, ready to copy.
 *
 * @param words the verb with its own arguments and options
 */
export function commandText(
  { environment, config }: Context,
  words: readonly string[],
  { services, tenants, databases }: Selection,
): string {
  const { TENANTS: named = "" } = environment;
  const repeated = (option: string, values: readonly string[]) =>
    values.flatMap((value) => [option, value]);
  const all = [
    "npx",
    "drizzle-fleet",
    ...words,
    ...repeated("--service", services),
    ...repeated("--tenant", tenants),
    ...repeated("--database", databases),
    ...configOption(config.file),
  ];
  return [
    ...(named.trim() === "" ? [] : [`TENANTS=${quotedWord(named)}`]),
    ...all.map(quotedWord),
  ].join(" ");
}

/** A word, quoted for a shell if necessary. */
export function quotedWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
