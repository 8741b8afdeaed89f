/**
 * A capture in which all that differs from run to run is replaced by something as wide.
 *
 * @param columns of the window: where a process id moved the place of a cut, the cut is before that place
 */
export function masked(capture: string, columns: number): string {
  return capture
    .replace(/\b\d{8}-\d{6}-[0-9a-f]{4}\b/g, "YYYYMMDD-HHMMSS-xxxx")
    .replace(/\b\d{8}-\d{6}\n-[0-9a-f]{4}\b/g, "YYYYMMDD-HHMMSS\n-xxxx")
    .replace(/\b\d{4}-\d\d-\d\d\b/g, "YYYY-MM-DD")
    .replace(/\b\d\d:\d\d:\d\d\b/g, "HH:MM:SS")
    .replace(/\bpid \d+\b/g, "pid NNNNN")
    .replace(/(?<![.\d])\d+ s\b/g, "N s")
    .split("\n")
    .map((line) => (/pid NNNNN.*…$/.test(line) ? `${line.slice(0, columns - 6)}…` : line))
    .join("\n");
}
