import type { Decisions } from "./decisions.ts";
import type { FolderApi, FolderCli, FolderState, FolderTools } from "./folder-api.ts";
import { draftInFolder } from "./folder-draft.ts";
import { folderEnums } from "./folder-enums.ts";
import { hintsOf, openQuestions, renamedHint, sqlWithHints } from "./folder-hints.ts";
import { readingSnapshots, stateAfter, stateBefore, stateOf } from "./folder-states.ts";
import { withOmittedChanges } from "./kit-omissions.ts";
import type { Kit, Snapshot } from "./kit-types.ts";
import { runKit } from "./run-kit.ts";
import { hardInFolders, withStandIns } from "./stand-ins.ts";
import { diffAroundEnums } from "./statement-order.ts";

/** drizzle-kit 1.0. It takes answers to its questions as hints, and throws the questions that are still open. */
export function folderKit(
  api: FolderApi,
  loadCli: () => Promise<FolderCli>,
  sources: readonly string[],
  version: string,
): Kit {
  const tools: FolderTools = { api, loadCli, sources };
  const exportedOf = new WeakMap<Snapshot, readonly unknown[]>();
  return {
    layout: "folders",
    version,
    sources,
    at: (folder, index) => stateAfter(tools, folder, index),
    before: (folder, index) => stateBefore(tools, folder, index),
    state: (stored, ends) => readingSnapshots(undefined, () => stateOf(tools, stored, ends)),
    async take(exported, previous) {
      const imports = Object.fromEntries(exported.map((value, index) => [`export${index}`, value]));
      const state = await runKit(() => api.generateDrizzleJson(imports, previous.id));
      exportedOf.set(state, exported);
      return state;
    },
    questions: (previous, current, decisions) =>
      openQuestions(
        tools,
        { previous: previous as FolderState, current: current as FolderState },
        decisions,
      ),
    diff: (previous, current, decisions) => diff(tools, previous, current, decisions),
    draft: (migration) => {
      const { current } = migration;
      return draftInFolder(tools, migration, current && exportedOf.get(current));
    },
  };
}

function diff(
  { api, sources }: FolderTools,
  previous: Snapshot,
  current: Snapshot,
  decisions: Decisions,
): Promise<string[]> {
  const made = async (before: Snapshot, after: Snapshot) => {
    const standIns = withStandIns(before as FolderState, after as FolderState, hardInFolders);
    const hints = hintsOf(decisions, before, sources).map((hint) =>
      renamedHint(hint, standIns.nameOf),
    );
    const { sql } = await sqlWithHints(api, standIns, hints);
    return sql.map(standIns.putBack);
  };
  const between = (before: Snapshot, after: Snapshot) =>
    withOmittedChanges(made, before, after, decisions.renames);
  return diffAroundEnums(between, previous, current, folderEnums);
}
