import { z } from "zod";
import { nonEmpty, sizeField } from "./fields.ts";

/** How migrations are linted. `lint/settings.ts` has the defaults, and refuses rules that do not exist. */
export const lintField = z.strictObject({
  rules: z
    .record(
      nonEmpty,
      z.enum(["off", "info", "warning", "error"], {
        error: 'must be "off", "info", "warning" or "error"',
      }),
    )
    .default({}),
  smallTable: sizeField.optional(),
  largestTables: z.record(nonEmpty, sizeField).default({}),
  scanPerSecond: sizeField.pipe(z.number().min(1)).optional(),
  rewritePerSecond: sizeField.pipe(z.number().min(1)).optional(),
});
