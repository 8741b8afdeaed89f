import { execFile } from "node:child_process";
import { chmod, chown, copyFile, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import type { OwnServer } from "./own-server.ts";
import { requireProgram } from "./programs.ts";

const run = promisify(execFile);

/** A certificate and its key, as PEM files. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority that signs with openssl, in a folder that is removed after the test. */
export interface Authority extends Certificate {
  /**
   * @param names the names that the certificate is for, such as `DNS:localhost` or `IP:127.0.0.1`
   * @param days its validity; with -1 it has already expired
   */
  sign(subject: string, names: string, days?: number): Promise<Certificate>;
}

export async function createAuthority(name: string): Promise<Authority> {
  requireProgram("openssl");
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-tls-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder });
  const pair = (file: string): Certificate => ({
    certificate: join(folder, `${file}.crt`),
    key: join(folder, `${file}.key`),
  });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const own = pair("authority");
  await openssl(
    ...["req", "-x509", ...newKey, "-keyout", own.key, "-out", own.certificate],
    ...["-days", "2", "-subj", `/CN=${name}`],
  );
  let made = 0;
  return {
    ...own,
    sign: async (subject, names, days = 2) => {
      const file = `made-${made++}`;
      const { certificate, key } = pair(file);
      await writeFile(join(folder, `${file}.ext`), `subjectAltName=${names}\n`);
      await openssl(
        ...["req", ...newKey, "-keyout", key, "-out", `${file}.csr`, "-subj", `/CN=${subject}`],
      );
      await openssl(
        ...["x509", "-req", "-in", `${file}.csr`, "-out", certificate, "-days", String(days)],
        ...["-CA", own.certificate, "-CAkey", own.key, "-CAcreateserial"],
        ...["-extfile", `${file}.ext`],
      );
      return { certificate, key };
    },
  };
}

let served = 0;

/**
 * Turns on TLS on a server, with a certificate.
 *
 * @param clients the authority whose client certificates the server accepts
 * @throws if the server was built without TLS
 */
export async function serveTls(
  server: OwnServer,
  { certificate, key }: Certificate,
  clients?: Authority,
): Promise<void> {
  const name = `server-${served++}`;
  await server.use(async (database) => {
    const [row] = await database.query<{ data_directory: string }>("SHOW data_directory");
    const put = async (from: string, file: string) => {
      const to = join(row!.data_directory, file);
      await copyFile(from, to);
      const { uid, gid } = await stat(row!.data_directory);
      await chown(to, uid, gid);
      await chmod(to, 0o600);
    };
    await put(certificate, `${name}.crt`);
    await put(key, `${name}.key`);
    if (clients !== undefined) await put(clients.certificate, `${name}.ca`);
    const settings = {
      ssl_ca_file: clients === undefined ? "" : `${name}.ca`,
      ssl_cert_file: `${name}.crt`,
      ssl_key_file: `${name}.key`,
      ssl: "on",
    };
    for (const [setting, value] of Object.entries(settings))
      await database.query(`ALTER SYSTEM SET ${setting} = '${value}'`);
    await database.query("SELECT pg_reload_conf()");
  });
  // The new settings apply to connections that are opened after the server has read them.
  for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
    const shown = await server.use((database) =>
      database.query(`SELECT current_setting('ssl_cert_file') || current_setting('ssl') AS now`),
    );
    if (shown[0]?.now === `${name}.crton`) return;
    if (Date.now() > deadline) throw new Error("the server has not turned on TLS");
  }
}
