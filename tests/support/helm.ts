import { execFileSync } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type CliResult, run } from "./cli.ts";
import { createFolder } from "./fleet.ts";
import { repository } from "./repository.ts";

/** The folder of the chart. */
export const chart = join(repository, "helm/drizzle-fleet");

const tools = new Map<string, string>();

/** The path of Helm 4 or of kubectl. The first call may download them. */
export function toolPath(name: "helm" | "kubectl"): string {
  const known = tools.get(name);
  if (known !== undefined) return known;
  const script = join(repository, "scripts/helm.mjs");
  const found = execFileSync(process.execPath, [script, name], { encoding: "utf8" }).trim();
  tools.set(name, found);
  return found;
}

/** Runs Helm, with configuration and caches of its own. */
export async function helm(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<CliResult> {
  const home = await createFolder();
  return run(home, toolPath("helm"), args, {
    HELM_CONFIG_HOME: home,
    HELM_CACHE_HOME: home,
    ...environment,
  });
}

/** Renders a chart as Helm would install it, as the release `shop`. Values are those of `--set` and other options. */
export async function render(folder: string, ...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await helm(["template", "shop", folder, ...options]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** An object of the Kubernetes API, as far as tests look at it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: tests read any field of a rendered object.
  readonly spec?: any;
}

/** The objects in a rendered text. */
export function manifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw problem;
    const value = document.toJS();
    return value === null ? [] : [value];
  });
}

/**
 * Copies the application's chart of the tests, with this chart as its dependency, to a temporary folder.
 *
 * @param build whether `helm dependency build` packs the dependency, which takes longer than a copy
 */
export async function createParentChart(build = false): Promise<string> {
  const folder = await createFolder();
  const parent = join(folder, "shop");
  await cp(join(repository, "tests/helm/parent-chart"), parent, { recursive: true });
  const place = build ? join(folder, "drizzle-fleet") : join(parent, "charts/drizzle-fleet");
  await cp(chart, place, { recursive: true });
  if (!build) return parent;
  const { code, stderr } = await helm(["dependency", "build", parent]);
  if (code !== 0) throw new Error(stderr);
  return parent;
}
