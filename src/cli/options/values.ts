import { InvalidArgumentError } from "commander";
import { parseAmount, parseDuration, parseWait } from "../../config/quantities.ts";
import type { Amount } from "../../core/amount.ts";

/** Attributes of a tenant, by name. */
export type Attributes = Readonly<Record<string, string>>;

/** Collects the values of a repeatable option. An empty value is an unset variable, and must not select everything. */
export function collect(value: string, previous: string[] = []): string[] {
  if (value.trim() === "")
    throw new InvalidArgumentError("It is empty. Give a value, or omit the option.");
  return [...previous, value];
}

/** Collects `name=value`. */
export function collectAttribute(text: string, previous: Attributes = {}): Attributes {
  const [, name, value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("Use the form name=value.");
  return { ...previous, [name]: value };
}

/** Parses a duration to milliseconds. */
export function durationValue(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === undefined) throw new InvalidArgumentError("Use a duration such as 30s or 5m.");
  return parsed;
}

/** Checks how long a contract is held. It stays a text. */
export function waitValue(text: string): string {
  if (parseWait(text) === undefined)
    throw new InvalidArgumentError("Use a duration such as 14d or 36h.");
  return text;
}

/** Parses a count or a percentage. */
export function amountValue(text: string): Amount {
  const parsed = parseAmount(text);
  if (parsed === undefined)
    throw new InvalidArgumentError("Use a number, or a percentage such as 1%.");
  return parsed;
}

/** Parses a number from 1 to 1000. */
export function countValue(text: string): number {
  const parsed = Number(text);
  if (!Number.isInteger(parsed) || parsed < 1 || parsed > 1_000)
    throw new InvalidArgumentError("Use a number from 1 to 1000.");
  return parsed;
}

const units: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** Parses a size to bytes. */
export function sizeValue(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?) ?(kB|MB|GB|TB)$/.exec(text) ?? [];
  const factor = units[unit];
  if (factor === undefined) throw new InvalidArgumentError("Use a size such as 100MB or 2GB.");
  return Number(number) * factor;
}
