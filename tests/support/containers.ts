import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cleanEnvironment } from "./in-process.ts";
import { requireProgram } from "./programs.ts";

/**
 * Containers without a registry and without a daemon: buildah builds images, and podman runs them with runc. podman
 * reads user, entrypoint and command from the image, has a read-only root, and gives the container a PID namespace in
 * which tini is process 1, as in production. What else was tried: crun refuses a machine with both versions of cgroups;
 * bubblewrap and chroot know nothing of an image's settings, so that a test would repeat them.
 */
export interface Containers {
  /** A folder for the test's files; removed with everything else. */
  readonly folder: string;
  readonly environment: Record<string, string>;
  /** Runs a program that must succeed, and returns its output. */
  run(program: "buildah" | "podman" | "mmdebstrap", ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** All images and containers are below a temporary folder, with their own settings: the machine's stay as they are. */
export async function createContainers(): Promise<Containers> {
  for (const name of ["mmdebstrap", "buildah", "podman", "runc"] as const) requireProgram(name);
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-containers-"));
  const at = (name: string) => JSON.stringify(join(folder, name));
  await writeFile(
    join(folder, "storage.conf"),
    `[storage]\ndriver = "vfs"\ngraphroot = ${at("storage")}\nrunroot = ${at("run")}\n`,
  );
  // Limits that a runner without CAP_SYS_RESOURCE can set. Locks in files: those in memory would remain.
  await writeFile(
    join(folder, "containers.conf"),
    `[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\nlock_type = "file"\nruntime = "runc"\ntmp_dir = ${at("tmp")}\n`,
  );
  const environment = {
    CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    CONTAINERS_CONF: join(folder, "containers.conf"),
  };
  const execute = async (program: string, ...args: string[]) => {
    const env = cleanEnvironment(environment);
    return (await promisify(execFile)(program, args, { cwd: folder, env })).stdout;
  };
  return {
    folder,
    environment,
    run: execute,
    remove: async () => {
      await execute("podman", "rm", "--all", "--force", "--time", "0");
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * Makes an image like node:22-slim without a registry: Debian's packages, unpacked by mmdebstrap, and this machine's
 * Node.js. Their installation scripts do not run, which takes 5 seconds instead of 20.
 */
export async function createNodeImage({ folder, run }: Containers, name: string): Promise<void> {
  const context = join(folder, "node");
  await mkdir(context);
  const packages = "base-files,coreutils,dash,ca-certificates,libc6,libstdc++6,tini";
  await run(
    ...(["mmdebstrap", "--variant=extract", "--skip=output/dev"] as const),
    ...[`--include=${packages}`, "bookworm", join(context, "debian.tar")],
  );
  await copyFile(process.execPath, join(context, "node"));
  await writeFile(
    join(context, "Dockerfile"),
    `FROM scratch
ADD debian.tar /
COPY node /usr/local/bin/node
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
`,
  );
  await run("buildah", "build", "--isolation", "chroot", "--pull-never", "--tag", name, context);
  await rm(context, { recursive: true });
}
