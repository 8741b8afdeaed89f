import { counted } from "./count.ts";

/** A duration for people: `40 ms`, `2.5 s`, `3 min 20 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${Number((milliseconds / 1_000).toFixed(1))} s`;
  const seconds = Math.round(milliseconds / 1_000);
  return `${Math.floor(seconds / 60)} min${seconds % 60 === 0 ? "" : ` ${seconds % 60} s`}`;
}

/** A moment for people: `2026-11-29 22:46:11 UTC`. */
export function timeText(time: Date): string {
  return `${time.toISOString().replace("T", " ").replace(/\..*/, "")} UTC`;
}

/** How long ago something happened, for people: `just now`, `5 min ago`, `3 days ago`. */
export function ageText(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${counted(hours, "hour")} ago`
    : `${counted(Math.floor(hours / 24), "day")} ago`;
}
