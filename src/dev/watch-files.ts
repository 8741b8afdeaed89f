import { existsSync, type FSWatcher, watch } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Watches single files in any folders. The files need not exist. */
export interface FileWatch {
  /** Watches one more file, by its absolute path. If the file does not exist, call this again after each change. */
  readonly add: (path: string) => void;
  readonly close: () => void;
}

/**
 * Watches the files' folders: an editor may replace a file, and a missing file appears in its folder. For a missing
 * folder it watches the nearest existing parent.
 *
 * @param changed called after each change
 * @param failed called if a folder cannot be watched
 */
export function watchFiles(changed: () => void, failed: (error: Error) => void): FileWatch {
  const wanted = new Set<string>();
  const watchers = new Map<string, FSWatcher>();
  const forget = (folder: string) => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const watchFolder = (folder: string) => {
    if (watchers.has(folder)) return;
    const watcher = watch(folder, (_, name) => {
      const isGone = !existsSync(folder);
      if (isGone) forget(folder);
      if (isGone || name === null || name === basename(folder) || wanted.has(join(folder, name)))
        changed();
    });
    watcher.on("error", failed);
    watchers.set(folder, watcher);
  };
  return {
    add: (path) => {
      let file = path;
      wanted.add(file);
      for (; !existsSync(dirname(file)) && dirname(file) !== file; file = dirname(file))
        wanted.add(dirname(file));
      try {
        watchFolder(dirname(file));
      } catch (error) {
        failed(error as Error);
      }
    },
    close: () => [...watchers.keys()].forEach(forget),
  };
}
