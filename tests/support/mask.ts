/**
 * Replaces everything in a capture that differs from run to run with a text of the same width.
 *
 * @param columns the width of the window. Truncated lines with a process id are shortened to the same length, because
 *   the id's length decides where they were truncated
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
