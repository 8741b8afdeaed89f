import { z } from "zod";
import { FleetError } from "../../core/errors.ts";
import { longestName, obstacleIn } from "../../core/sendable.ts";

/** A text that PostgreSQL receives unchanged. */
const text = z.string().refine((value) => obstacleIn(value) === undefined, {
  error: "it contains a character that PostgreSQL does not accept in text",
});

/** The name of an object. */
const name = text.refine((value) => value !== "" && Buffer.byteLength(value) <= longestName, {
  error: `a name must be 1 to ${longestName} bytes long`,
});

const statements = z.array(z.array(text).min(1));

/**
 * The lines of a tenant file. Each is a JSON document, of these kinds and in this order: the tenant; for each service,
 * the schema's structure and the rows of its tables; the sha256 of all lines before.
 */
const line = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("tenant"),
    format: z.literal(1),
    tenant: text,
    attributes: z.record(text, z.union([text, z.number(), z.boolean()])),
    writtenBy: text,
    writtenAt: text,
  }),
  z.strictObject({
    kind: z.literal("schema"),
    service: text,
    /** The server's version, as `server_version_num`: the structure uses its syntax. */
    server: z.int(),
    preData: statements,
    postData: statements,
    sequences: z.array(
      z.strictObject({
        name,
        lastValue: z.string().regex(/^-?\d{1,19}$/),
        isCalled: z.boolean(),
      }),
    ),
  }),
  /** Rows of one table, in COPY's text format. A table with many rows, or with a very long one, has several lines. */
  z.strictObject({
    kind: z.literal("rows"),
    table: name,
    columns: z.array(name),
    copy: text,
  }),
  z.strictObject({ kind: z.literal("end"), sha256: z.string() }),
]);

export type TenantFileLine = z.output<typeof line>;
type LineOf<Kind extends TenantFileLine["kind"]> = Extract<TenantFileLine, { kind: Kind }>;
export type FileHeader = LineOf<"tenant">;
export type FileSchema = LineOf<"schema">;
export type FileRows = LineOf<"rows">;

/** A line, and its place as `file:line`. */
export type PlacedLine<Line extends TenantFileLine> = Line & { readonly where: string };

/** A tenant file's path, and whether it is compressed with gzip. */
export interface TenantFile {
  readonly path: string;
  /** Default: true if the path ends with `.gz`. */
  readonly packed?: boolean;
}

/** @throws FleetError `refused` if the text is not a line of a tenant file */
export function parseLine(json: string, where: string): TenantFileLine {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw invalidFileError(where, "a line is not valid JSON", error);
  }
  const result = line.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalidFileError(where, `${issue?.path.join(".") || "the line"}: ${issue?.message}`);
}

export function invalidFileError(where: string, reason: string, cause?: unknown): FleetError {
  return new FleetError("refused", `not a valid tenant file: ${reason}`, {
    where,
    remedy: "To export the tenant again, run: npx drizzle-fleet tenants export <tenant> <file>",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** True for an error of the operating system. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
