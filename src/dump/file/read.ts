import { constants } from "node:buffer";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { FleetError, isFleetError, messageOf } from "../../core/errors.ts";
import {
  type FileHeader,
  type FileRows,
  type FileSchema,
  invalidFileError,
  isSystemError,
  type PlacedLine,
  parseLine,
  type TenantFile,
} from "./format.ts";

/**
 * Reads a tenant file line by line, until its end.
 *
 * @throws FleetError `refused`, with file and line, if it does not exist, is not a tenant file, or was truncated or
 *   changed. The lines before that place have already been returned
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
  const refuseEndMarker = endMarkerCheck();
  for await (const text of linesOf(path, packed)) {
    number += 1;
    const where = `${path}:${number}`;
    if (ended) throw invalidFileError(where, "there is data after its end");
    const line = parseLine(text, where);
    if (line.kind !== "tenant" && number === 1)
      throw invalidFileError(where, "its first line does not describe a tenant");
    if (line.kind === "tenant" && number > 1)
      throw invalidFileError(where, "it describes a second tenant");
    if (line.kind === "schema") schemas += 1;
    if (line.kind === "rows" && schemas === 0)
      throw invalidFileError(where, "there are rows before the first service");
    if (line.kind === "end") {
      ended = true;
      if (line.sha256 !== hash.digest("hex"))
        throw invalidFileError(where, "it was changed: its checksum does not match");
      continue;
    }
    hash.update(`${text}\n`);
    if (line.kind === "rows") refuseEndMarker(line, where);
    yield { ...line, where };
  }
  if (!ended) throw invalidFileError(path, "it is truncated");
}

/** COPY FROM reads a line that contains only \. as the end of all rows. COPY TO writes no such line. */
function endMarkerCheck(): (rows: FileRows, where: string) => void {
  let table = "";
  let end = "\n";
  return (rows, where) => {
    // The marker can be divided between two lines of the file.
    const copy = `${table === rows.table ? end : "\n"}${rows.copy}`;
    if (copy.includes("\n\\."))
      throw invalidFileError(where, "its rows contain \\., which ends COPY's data");
    table = rows.table;
    end = copy.slice(-2);
  };
}

/**
 * Reads a tenant file service by service, as `readTenantFile` does. Read all rows of a service before you ask for the
 * next one.
 */
export async function* readServices(from: TenantFile): AsyncIterable<{
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

/** Lines that `writeTenantFile` writes are much shorter, except for a very large structure. */
const longestLine = constants.MAX_STRING_LENGTH;

async function* linesOf(path: string, packed: boolean): AsyncIterable<string> {
  const file = createReadStream(path);
  const bytes = packed ? decompressing(file) : file;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest: string[] = [];
  let length = 0;
  try {
    for await (const chunk of bytes) {
      // Only \n ends a line: JSON strings can contain other line separators.
      const [first = "", ...more] = decoder.decode(chunk as Buffer, { stream: true }).split("\n");
      rest.push(first);
      length += first.length;
      if (length > longestLine)
        throw invalidFileError(path, `a line is longer than ${longestLine} characters`);
      for (const next of more) {
        yield rest.join("");
        [rest, length] = [[next], next.length];
      }
    }
  } catch (error) {
    if (isFleetError(error)) throw error;
    if (!isSystemError(error) && !(error instanceof TypeError)) throw error;
    if ("code" in error && error.code === "ENOENT") throw noFileError(path, error);
    throw invalidFileError(path, messageOf(error), error);
  }
  if (rest.join("") !== "") throw invalidFileError(path, "it is truncated");
}

function decompressing(file: Readable): Readable {
  const gunzip = createGunzip();
  file.on("error", (error) => gunzip.destroy(error));
  return file.pipe(gunzip);
}

function noFileError(path: string, cause: unknown): FleetError {
  return new FleetError("refused", "the file does not exist", {
    where: path,
    remedy: "Nothing was changed. Check the path.",
    cause,
  });
}
