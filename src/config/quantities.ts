import type { Amount } from "../core/amount.ts";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Parses a duration such as `500ms`, `30s`, `1.5m` or `2h`.
 *
 * @returns milliseconds, or undefined if the text is not a duration or longer than `longestDuration`
 */
export function parseDuration(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim()) ?? [];
  const milliseconds = Math.round(Number(number) * (unitMs[unit ?? ""] ?? Number.NaN));
  return milliseconds <= longestDuration ? milliseconds : undefined;
}

/**
 * Parses a whole number from 0, or a percentage from `0%` to `100%`.
 *
 * @returns undefined if the text is neither
 */
export function parseAmount(text: string): Amount | undefined {
  const [, number, percent] = /^(\d{1,9}(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const value = Number(number);
  if (percent === "%") return value <= 100 ? { percent: value } : undefined;
  return Number.isInteger(value) ? { count: value } : undefined;
}

const unitBytes: Readonly<Record<string, number>> = {
  ...{ b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4 },
};

/**
 * Parses a size such as `500kB`, `100MB` or `1.5GB`, with PostgreSQL's units: 1 kB is 1024 bytes.
 *
 * @returns bytes, or undefined if the text is not a size
 */
export function parseSize(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?) ?([kMGT]?B)$/i.exec(text.trim()) ?? [];
  const bytes = Math.round(Number(number) * (unitBytes[unit.toLowerCase()] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** In milliseconds, about 24 days: the limit of Node.js timers and of PostgreSQL's timeouts. */
export const longestDuration = 2_147_483_647;

const waitUnitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** In milliseconds: ten years. */
const longestWait = 3_650 * 86_400_000;

/**
 * Parses how long a contract is held: `14d`, `2w`, `36h`. It can be longer than a timer's duration.
 *
 * @returns milliseconds; undefined if the text is not a duration, or longer than ten years
 */
export function parseWait(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,6})(s|m|h|d|w)$/.exec(text) ?? [];
  const milliseconds = Number(number) * (waitUnitMs[unit ?? ""] ?? Number.NaN);
  return milliseconds <= longestWait ? milliseconds : undefined;
}
