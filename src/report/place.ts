import { relative, resolve } from "node:path";

/** A place in a file, for a program that shows it. */
interface Place {
  readonly file?: string | undefined;
  readonly line?: string | undefined;
  readonly column?: string | undefined;
}

/**
 * Reads `file:line:column`, of which line and column are optional. A configuration key is not a file.
 *
 * @param root the folder that the file's path becomes relative to
 */
export function placeOf(where: string | undefined, root: string): Place {
  const [, name, line, column] = /^([^:,]+?)(?::(\d+))?(?::(\d+))?$/.exec(where ?? "") ?? [];
  if (name === undefined || !/[./\\]/.test(name)) return {};
  return { file: relative(root, resolve(name)).replaceAll("\\", "/"), line, column };
}
