import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { link, open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { FleetError, isFleetError, messageOf } from "../../core/errors.ts";
import {
  type FileHeader,
  type FileRows,
  type FileSchema,
  isSystemError,
  type TenantFile,
} from "./format.ts";

/** Writes the lines of a tenant file. */
export interface TenantFileWriter {
  readonly write: (line: FileHeader | FileSchema | FileRows) => Promise<void>;
}

/**
 * Writes a tenant file. It gets its name when it is complete. Only its owner can read it.
 *
 * @param path compressed with gzip if it ends with `.gz`
 * @param fill writes the lines
 * @param check checks the file before it gets its name
 * @throws FleetError `write` if the file exists or cannot be written; errors of `fill` and `check`. In all
 *   these cases, no file is left
 */
export async function writeTenantFile(
  path: string,
  fill: (writer: TenantFileWriter) => Promise<void>,
  check: (partial: TenantFile) => Promise<void> = async () => undefined,
): Promise<void> {
  await refuseExistingFile(path);
  const partial = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const packed = path.endsWith(".gz");
  try {
    await writeLines({ path: partial, packed }, fill);
    await check({ path: partial, packed });
    await link(partial, path);
    await flushFolder(dirname(path));
  } catch (error) {
    throw !isFleetError(error) && isSystemError(error) ? writeError(path, error) : error;
  } finally {
    await rm(partial, { force: true });
  }
}

async function writeLines(
  { path, packed }: Required<TenantFile>,
  fill: (writer: TenantFileWriter) => Promise<void>,
): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  const file = handle.createWriteStream({ flush: true });
  const { into, ended } = packed ? compressing(file) : { into: file, ended: finished(file) };
  const hash = createHash("sha256");
  // A stream that fails never emits "drain": the failure must end the wait for it.
  const failed = new Promise<never>((_, reject) => {
    ended.catch(reject);
  });
  failed.catch(() => undefined);
  const send = async (text: string) => {
    if (into.write(text)) return;
    await Promise.race([once(into, "drain"), failed]);
  };
  try {
    await fill({
      write: async (line) => {
        const text = `${JSON.stringify(line)}\n`;
        hash.update(text);
        await send(text);
      },
    });
    await send(`${JSON.stringify({ kind: "end", sha256: hash.digest("hex") })}\n`);
    into.end();
    await Promise.race([ended, failed]);
  } catch (error) {
    into.destroy();
    file.destroy();
    throw error;
  }
}

function compressing(file: Writable): { into: Writable; ended: Promise<void> } {
  const gzip = createGzip();
  return { into: gzip, ended: pipeline(gzip, file) };
}

/** A new name survives a power failure only after its folder was flushed. Windows does not support that. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

/** @throws FleetError `write` if the file exists */
export async function refuseExistingFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined)
    throw writeError(path, Object.assign(new Error("it exists"), { code: "EEXIST" }));
}

function writeError(path: string, error: NodeJS.ErrnoException): FleetError {
  const exists = error.code === "EEXIST";
  return new FleetError("write", exists ? "the file already exists" : messageOf(error), {
    where: path,
    remedy: exists
      ? "Nothing was changed. Choose another name, or move the file."
      : "Nothing was changed. Check the permissions of the folder and the free disk space.",
    cause: error,
  });
}
