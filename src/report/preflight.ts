import { counted, shortList } from "../core/count.ts";
import {
  countLimit,
  failingTargets,
  foundProblem,
  type MigrationPlace,
  type PreflightObstacle,
  type PreflightReason,
  type PreflightReport,
  type UncheckedPart,
  type WaveForecast,
} from "../core/preflight.ts";
import { targetName } from "../core/target.ts";
import { duration } from "../core/time.ts";
import type { ProgressStream } from "./progress.ts";
import { style, supportsEscapes } from "./style.ts";
import { table } from "./table.ts";

/** How many targets of a reason are named. */
const namedTargets = 10;

/** The targets that would fail; what is in the way; what the rollout would take; what is not known; the verdict. */
export function preflightText(report: PreflightReport): string {
  if (report.targets === 0) return "Nothing to do: every target is at head.";
  return [
    ...report.failing.flatMap(reasonText),
    ...report.obstacles.flatMap(obstacleText),
    ...forecastText(report.waves),
    ...uncheckedText(report.unchecked),
    verdict(report),
  ].join("\n");
}

function reasonText({ service, place, message, remedy, targets }: PreflightReason): string[] {
  const names = targets.map(({ target, rows }) => `${targetName(target)}${rowsText(rows)}`);
  return [
    `${style("red", "x")} ${counted(targets.length, "target")} of ${service} would fail: ${message}`,
    ...(place === null ? [] : [`  ${placeText(place)}`]),
    `  at ${shortList(names, namedTargets)}`,
    `  -> ${remedy}`,
    "",
  ];
}

function rowsText(rows: number | null): string {
  if (rows === null) return "";
  return rows >= countLimit ? ` (over ${countLimit - 1} rows)` : ` (${counted(rows, "row")})`;
}

function placeText({ file, line }: MigrationPlace): string {
  return `${file}:${line}`;
}

function obstacleText({ database, severity, message, remedy }: PreflightObstacle): string[] {
  const mark = severity === "error" ? style("red", "x") : style("yellow", "!");
  return [`${mark} database ${database}: ${message}`, `  -> ${remedy}`, ""];
}

function forecastText(waves: readonly WaveForecast[]): string[] {
  if (waves.length === 0) return [];
  const rows = waves.map(
    ({ wave, targets, durationMs, longestLockMs, longestLockOn, diskBytes }) => [
      wave,
      targets,
      duration(durationMs),
      longestLockOn === null
        ? "-"
        : `${duration(longestLockMs)} ${targetName(longestLockOn.target)} ${longestLockOn.table}`,
      bytesText(diskBytes),
    ],
  );
  return [
    "Estimates, from the sizes of tables and assumed speeds:",
    ...table(["wave", "targets", "duration", "longest lock", "disk"], rows),
    "",
  ];
}

function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Each reason once: a migration with many statements of a kind would fill a screen. */
function uncheckedText(unchecked: readonly UncheckedPart[]): string[] {
  const shown = unchecked.slice(0, namedTargets);
  const rest = unchecked.length - shown.length;
  const lines = shown.map(({ place, reason, targets }) => {
    const where = place === null ? "" : `${placeText(place)}: `;
    return `  ${where}${reason} (${counted(targets, "target")})`;
  });
  if (lines.length === 0) return [];
  return ["Not checked:", ...lines, ...(rest > 0 ? [`  ... and ${rest} more`] : []), ""];
}

function verdict(report: PreflightReport): string {
  const failing = failingTargets(report).size;
  const errors = report.obstacles.filter(({ severity }) => severity === "error").length;
  const rehearsed =
    report.rehearsed === null ? "" : ` ${counted(report.rehearsed, "target")} rehearsed.`;
  if (!foundProblem(report))
    return style(
      "green",
      `Nothing found that would fail: ${counted(report.targets, "target")} checked.${rehearsed}`,
    );
  const parts = [
    ...(failing > 0 ? [`${failing} of ${counted(report.targets, "target")} would fail`] : []),
    ...(errors > 0 ? [`${counted(errors, "obstacle")} in the way`] : []),
  ];
  return style("red", `${parts.join(", ")}.${rehearsed}`);
}

/** How often a line is written without a terminal, and how often the line of a terminal is redrawn, in milliseconds. */
const lineEvery = 5_000;
const redrawEvery = 100;

/** Shows how many targets were checked: on one line of a terminal, otherwise as lines. */
export function showChecking(stream: ProgressStream): (done: number, total: number) => void {
  const isLive = supportsEscapes(stream);
  let writtenAt = isLive ? 0 : performance.now();
  return (done, total) => {
    const now = performance.now();
    const isDone = done >= total;
    if (isLive && isDone) stream.write("\r\u001b[2K");
    if (isDone || now - writtenAt < (isLive ? redrawEvery : lineEvery)) return;
    writtenAt = now;
    const text = `checked ${done} of ${counted(total, "target")}`;
    stream.write(isLive ? `\r\u001b[2K${text}` : `${text}\n`);
  };
}
