import { constants } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { link, open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { z } from "zod";
import { FleetError, isFleetError, messageOf } from "../../core/errors.ts";
import { longestName, obstacleIn } from "../../core/sendable.ts";

/** A text that PostgreSQL can be sent whole. */
const text = z.string().refine((value) => obstacleIn(value) === undefined, {
  error: "there is a character that no text in PostgreSQL can have",
});

/** The name of an object. */
const name = text.refine((value) => value !== "" && Buffer.byteLength(value) <= longestName, {
  error: `a name has 1 to ${longestName} bytes`,
});

const statements = z.array(z.array(text).min(1));

/**
 * A tenant as a file: a JSON document in each line, of these kinds and in this order. It begins with the tenant; then,
 * for each service, comes the schema's structure and what its tables hold; the last line has the sha256 of all before.
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
    /** The server's version, as `server_version_num`: structure is written in its words. */
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
  /** Rows of one table, in COPY's text format; a table with many rows has several, and so has a row that is very long. */
  z.strictObject({
    kind: z.literal("rows"),
    table: name,
    columns: z.array(name),
    copy: text,
  }),
  z.strictObject({ kind: z.literal("end"), sha256: z.string() }),
]);

type TenantFileLine = z.output<typeof line>;
type LineOf<Kind extends TenantFileLine["kind"]> = Extract<TenantFileLine, { kind: Kind }>;
export type FileHeader = LineOf<"tenant">;
export type FileSchema = LineOf<"schema">;
export type FileRows = LineOf<"rows">;

/** A line, and where it stands, as `file:line`. */
export type PlacedLine<Line extends TenantFileLine> = Line & { readonly where: string };

/** Where a tenant's file is, and whether it is packed with gzip. */
export interface TenantFile {
  readonly path: string;
  /** By default true for a name that ends with `.gz`. */
  readonly packed?: boolean;
}

/** Writes a tenant's file, line by line. */
export interface TenantFileWriter {
  readonly write: (line: FileHeader | FileSchema | FileRows) => Promise<void>;
}

/**
 * Writes a tenant's file. It has its name when it is whole, and nobody else may read it: it holds a tenant's data.
 *
 * @param path packed with gzip, when it ends with `.gz`
 * @param fill writes the lines
 * @param check looks at the file before it has its name
 * @throws FleetError `write` when there is such a file already, or when it cannot be written; what `fill` or `check` throws.
 *   Nothing is left then
 */
export async function writeTenantFile(
  path: string,
  fill: (writer: TenantFileWriter) => Promise<void>,
  check: (partial: TenantFile) => Promise<void> = async () => undefined,
): Promise<void> {
  await refuseExisting(path);
  const packed = path.endsWith(".gz");
  const partial = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const file = await open(partial, "wx", 0o600).then(
    (handle) => handle.createWriteStream({ flush: true }),
    (error: Error) => Promise.reject(notWritten(path, error)),
  );
  const { into, ended } = packing(path, file);
  const hash = createHash("sha256");
  // What ends the file early ends the wait for it to take more: a stream that is torn down calls nobody back.
  const broken = new Promise<never>((_, reject) => {
    ended.catch(reject);
  });
  broken.catch(() => undefined);
  const send = async (text: string) => {
    if (into.write(text)) return;
    await Promise.race([once(into, "drain"), broken]);
  };
  try {
    await fill({
      write: async (one) => {
        const text = `${JSON.stringify(one)}\n`;
        hash.update(text);
        await send(text);
      },
    });
    await send(`${JSON.stringify({ kind: "end", sha256: hash.digest("hex") })}\n`);
    into.end();
    await Promise.race([ended, broken]);
    await check({ path: partial, packed });
    await link(partial, path);
    await flushFolder(dirname(path));
  } catch (error) {
    into.destroy();
    file.destroy();
    throw !isFleetError(error) && isSystemError(error) ? notWritten(path, error) : error;
  } finally {
    await rm(partial, { force: true });
  }
}

/** A name in a folder outlives a loss of power only when the folder is on the disk, too. Windows cannot be asked for that. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

/**
 * Makes sure that there is no such file yet.
 *
 * @throws FleetError `write`
 */
export async function refuseExisting(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined)
    throw notWritten(path, Object.assign(new Error("it exists"), { code: "EEXIST" }));
}

function packing(path: string, file: Writable): { into: Writable; ended: Promise<void> } {
  if (!path.endsWith(".gz")) return { into: file, ended: finished(file) };
  const gzip = createGzip();
  return { into: gzip, ended: pipeline(gzip, file) };
}

/**
 * Reads a tenant's file, line by line, to its end.
 *
 * @throws FleetError `refused`, with file and line, when it is no such file, was cut off or was changed; behind what
 *   was read before
 */
export async function* readTenantFile({
  path,
  packed = path.endsWith(".gz"),
}: TenantFile): AsyncIterable<
  PlacedLine<FileHeader> | PlacedLine<FileSchema> | PlacedLine<FileRows>
> {
  const hash = createHash("sha256");
  let number = 0;
  let ended = false;
  let schemas = 0;
  const rows = { table: "", end: "\n" };
  for await (const text of linesOf(path, packed)) {
    number += 1;
    const where = `${path}:${number}`;
    if (ended) throw broken(where, "there is something behind its end");
    const one = parsed(text, where);
    if ((one.kind === "tenant") !== (number === 1))
      throw broken(where, "it does not begin with a tenant");
    if (one.kind === "schema") schemas += 1;
    if (one.kind === "rows" && schemas === 0) throw broken(where, "there are rows of no service");
    if (one.kind === "end") {
      ended = true;
      if (one.sha256 !== hash.digest("hex")) throw broken(where, "it was changed");
      continue;
    }
    hash.update(`${text}\n`);
    // COPY FROM takes a line with \. alone for the end of all rows. COPY TO writes none.
    if (one.kind === "rows") {
      const copy = `${rows.table === one.table ? rows.end : "\n"}${one.copy}`;
      if (copy.includes("\n\\.")) throw broken(where, "its rows end before their end");
      Object.assign(rows, { table: one.table, end: copy.slice(-2) });
    }
    yield { ...one, where };
  }
  if (!ended) throw broken(path, "it was cut off");
}

/**
 * Reads a tenant's file, service by service, as `readTenantFile` does. What the rows are must be asked for, to their end,
 * before the next service is.
 */
export async function* readSchemas(from: TenantFile): AsyncIterable<{
  readonly schema: PlacedLine<FileSchema>;
  readonly rows: AsyncIterable<FileRows>;
}> {
  const lines = readTenantFile(from)[Symbol.asyncIterator]();
  let next = await lines.next();
  async function* rows(): AsyncIterable<FileRows> {
    for (; next.done !== true && next.value.kind === "rows"; next = await lines.next())
      yield next.value;
  }
  while (next.done !== true) {
    const line = next.value;
    next = await lines.next();
    if (line.kind === "schema") yield { schema: line, rows: rows() };
  }
}

/** What is written here has shorter lines by far, but for a structure. */
const longestLine = constants.MAX_STRING_LENGTH;

async function* linesOf(path: string, packed: boolean): AsyncIterable<string> {
  const file = createReadStream(path);
  const bytes = packed ? unpacked(file) : file;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest: string[] = [];
  let length = 0;
  try {
    for await (const chunk of bytes) {
      // Only \n ends a line; JSON lets other ends of lines stand in a string.
      const [first = "", ...more] = decoder.decode(chunk as Buffer, { stream: true }).split("\n");
      rest.push(first);
      length += first.length;
      if (length > longestLine)
        throw broken(path, `a line is longer than ${longestLine} characters`);
      for (const next of more) {
        yield rest.join("");
        [rest, length] = [[next], next.length];
      }
    }
  } catch (error) {
    if (isFleetError(error)) throw error;
    if (!isSystemError(error) && !(error instanceof TypeError)) throw error;
    if ("code" in error && error.code === "ENOENT") throw missing(path, error);
    throw broken(path, messageOf(error), error);
  }
  if (rest.join("") !== "") throw broken(path, "it was cut off");
}

function unpacked(file: Readable): Readable {
  const gunzip = createGunzip();
  file.on("error", (error) => gunzip.destroy(error));
  return file.pipe(gunzip);
}

function parsed(text: string, where: string): TenantFileLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw broken(where, "a line of it is no JSON", error);
  }
  const result = line.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw broken(where, `${issue?.path.join(".") || "the line"}: ${issue?.message}`);
}

function broken(where: string, reason: string, cause?: unknown): FleetError {
  return new FleetError("refused", `this is no file of a tenant, or not a whole one: ${reason}`, {
    where,
    remedy: "Export the tenant again: drizzle-fleet tenants export <id> <file>",
    ...(cause === undefined ? {} : { cause }),
  });
}

function missing(path: string, cause: unknown): FleetError {
  return new FleetError("refused", "there is no such file", {
    where: path,
    remedy: "Correct its name. Nothing was changed.",
    cause,
  });
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

function notWritten(path: string, error: NodeJS.ErrnoException | Error): FleetError {
  const exists = "code" in error && error.code === "EEXIST";
  return new FleetError("write", exists ? "there is such a file already" : messageOf(error), {
    where: path,
    remedy: exists ? "Give another name, or move it away." : "Nothing was changed.",
    cause: error,
  });
}
