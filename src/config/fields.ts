import { z } from "zod";
import type { Amount } from "../core/amount.ts";
import { longestDuration, parseAmount, parseDuration, parseSize, parseWait } from "./quantities.ts";

export const environmentReference = z.strictObject({ environmentVariable: z.string().min(1) });

/** The schema, in each database, for drizzle-fleet's own tables. */
export const controlSchema = "drizzle_fleet";

export const nonEmpty = z.string().min(1, "must not be empty");

/** Quotes, backslashes and dollar signs would have a meaning in the literals and bodies that contain a schema's name. */
export const schemaName = nonEmpty
  .regex(
    /^[^'"\\$\p{C}]+$/u,
    "must not contain quotes, backslashes, dollar signs or control characters",
  )
  .refine(
    (name) => name !== controlSchema,
    `is reserved: drizzle-fleet keeps its own tables in it`,
  );

/** Common ways to write a reference to a variable as a string, mostly in JSON. */
const variableText =
  /^(?:\$\{?(\w+)\}?|env\(["']?(\w+)["']?\)|env:(\w+)|process\.env\.(\w+)|%(\w+)%)$/;

export const connectionUrl = z.union(
  [
    environmentReference,
    nonEmpty.superRefine((text, context) => {
      const name = variableText.exec(text.trim())?.slice(1).find(Boolean);
      if (name === undefined) return;
      const message = `is not a connection URL: for a variable, write env("${name}"), or in JSON { "environmentVariable": "${name}" }`;
      context.addIssue({ code: "custom", message });
    }),
  ],
  {
    error: ({ input }) =>
      typeof input === "string"
        ? undefined
        : 'must be env("VARIABLE"), or in JSON { "environmentVariable": "VARIABLE" }, or a connection URL',
  },
);

const milliseconds = z.int().min(0).max(longestDuration);

/** `"30s"`, or a number of milliseconds. */
export const durationField = z
  .union([milliseconds, z.string()])
  .transform((value, context): number => {
    const parsed = typeof value === "number" ? value : parseDuration(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: 'must be a duration such as "30s" or "5m"' });
    return z.NEVER;
  });

/** `"14d"`: how long a contract is held. It stays a text, because it is written into files. */
export const waitField = z
  .string()
  .refine((text) => parseWait(text) !== undefined, 'must be a duration such as "14d" or "36h"');

/** `5` or `"1%"`. A configuration that was validated before contains the parsed form. */
export const amountField = z
  .union([
    z.int().min(0),
    z.string(),
    z.strictObject({ count: z.int() }),
    z.strictObject({ percent: z.number() }),
  ])
  .transform((value, context): Amount => {
    const parsed = typeof value === "object" ? value : parseAmount(String(value));
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: 'must be a number or a percentage such as "10%"' });
    return z.NEVER;
  });

/** `"100MB"`, or a number of bytes. */
export const sizeField = z
  .union([z.int().min(0), z.string()])
  .transform((value, context): number => {
    const parsed = typeof value === "number" ? value : parseSize(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: 'must be a size such as "100MB" or "1.5GB"' });
    return z.NEVER;
  });
