import { configOption } from "../config/find.ts";
import type { Selection } from "../tenants/targets.ts";
import type { Context } from "./context.ts";

/**
 * A command with the same selection and configuration as the one that was given, ready to copy.
 *
 * @param words the verb and what belongs to it alone
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

/** A word as a shell takes it. */
export function quotedWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
