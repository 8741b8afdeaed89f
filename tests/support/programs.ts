import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The Debian and Ubuntu packages of the programs. */
const packages = {
  git: "git",
  openssl: "openssl",
  psql: "postgresql-client",
  mmdebstrap: "mmdebstrap",
  buildah: "buildah",
  podman: "podman",
  runc: "runc",
  jq: "jq",
  curl: "curl",
};

/** Throws if a program is missing: a test that needs it must not pass without it. */
export function requireProgram(name: keyof typeof packages): void {
  const folders = (process.env.PATH ?? "").split(delimiter);
  if (folders.some((folder) => existsSync(join(folder, name)))) return;
  throw new Error(
    `This test needs ${name}, which is not installed. To install it, run: apt-get install ${packages[name]}`,
  );
}
