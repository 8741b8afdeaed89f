import { relative, resolve } from "node:path";
import { FleetError } from "../core/errors.ts";
import type { LintSelection } from "../core/lint.ts";
import type { Migration } from "../core/migration.ts";
import { type Context, migrationsFolder } from "../fleet/context.ts";
import { commitOf, filesAt, mergeBase } from "../source/git-history.ts";

/** The migrations of services, in order. */
export type Histories = ReadonlyMap<string, readonly Migration[]>;

/** Some of the migrations. */
export interface SelectedMigrations {
  readonly selection: LintSelection;
  /** By service. */
  readonly migrations: ReadonlyMap<string, ReadonlySet<Migration>>;
}

/**
 * Selects the migrations whose files are new. Files that are not committed are new, too.
 *
 * @param since any name of a commit; undefined for the commit where the current branch left the default branch. If there is
 *   no such commit, all migrations are selected
 * @throws FleetError `usage` if git does not know `since`
 */
export async function selectNew(
  context: Context,
  histories: Histories,
  since: string | undefined,
): Promise<SelectedMigrations> {
  const { root } = context.config;
  const base = since === undefined ? await mergeBase(root) : await commitOf(root, since);
  if (base === undefined) {
    if (since !== undefined) throw unknownCommitError(since);
    return selectAll(histories, "git knows no default branch to compare with");
  }
  const selected = await Promise.all(
    [...histories].map(async ([service, migrations]) => {
      const folder = migrationsFolder(context, service);
      // A folder outside of the repository is not in any of its commits.
      const old = await filesAt(folder, base).catch(() => new Set<string>());
      const isNew = ({ file }: Migration) =>
        !old.has(relative(folder, resolve(file)).replaceAll("\\", "/"));
      return [service, new Set(migrations.filter(isNew))] as const;
    }),
  );
  const { name, commit } = base;
  return { selection: { kind: "since", name, commit }, migrations: new Map(selected) };
}

/** Selects all migrations. */
export function selectAll(histories: Histories, reason?: string): SelectedMigrations {
  const all = [...histories].map(([service, own]) => [service, new Set(own)] as const);
  const selection = { kind: "all", ...(reason === undefined ? {} : { reason }) } as const;
  return { selection, migrations: new Map(all) };
}

function unknownCommitError(since: string): FleetError {
  return new FleetError("usage", `git knows no commit ${JSON.stringify(since)}`, {
    remedy:
      "Give a branch, a tag or a commit of this repository. In continuous integration, fetch it first: git fetch origin <branch>",
  });
}
