import type { Heads } from "../../operations/heads.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups } from "../help/sections.ts";
import { addCommonOptions } from "../options/common.ts";
import {
  addSelection,
  addServices,
  type SelectionOptions,
  type ServiceOptions,
  selectionOf,
} from "../options/selection.ts";
import { printResult } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";

interface HistoryOptions extends SelectionOptions {
  readonly offline?: boolean;
}

export function historyVerb(): Verb {
  const command = newVerb("history", {
    summary: "list every migration, its down, and how many targets are at it",
    examples: [
      ["list the migrations of every service", "npx drizzle-fleet history"],
      [
        "list the migrations of one service without connecting",
        "npx drizzle-fleet history auth --offline",
      ],
    ],
    environment: ["TENANTS"],
    exitCodes: {
      0: "the migrations are listed",
      1: "a database is unreachable",
      2: true,
      130: true,
    },
    page: "migrations.md",
  });
  addSelection(command)
    .optionsGroup(groups.output)
    .option("--offline", "do not connect; omit the number of targets");
  return { command: addCommonOptions(command), run: showHistory };
}

async function showHistory(_: string[], options: HistoryOptions): Promise<ExitCode> {
  const { history } = await import("../../operations/history.ts");
  const { historyText } = await import("../../report/history.ts");
  const context = await createContext(options, "end");
  const histories = await history(context, selectionOf(options), options.offline === true);
  await printResult(options, histories, historyText(histories.entries, histories.atBase));
  return exitCode.done;
}

export function headsVerb(): Verb {
  const command = newVerb("heads", {
    summary: "show the newest migration of each service, or both if two branches are open",
    details: "heads needs no database.",
    examples: [
      ["show the head of every service", "npx drizzle-fleet heads"],
      ["merge two heads into one", "npx drizzle-fleet merge auth"],
    ],
    exitCodes: { 0: "the heads are shown", 2: true },
    page: "migrations.md",
  });
  return { command: addCommonOptions(addServices(command)), run: showHeads };
}

/** The document of `heads --json`. */
export interface HeadsDocument {
  readonly services: readonly Heads[];
}

async function showHeads(_: string[], options: ServiceOptions): Promise<ExitCode> {
  const { heads } = await import("../../operations/heads.ts");
  const { headsText } = await import("../../report/history.ts");
  const all = await heads(await createContext(options, "end"), options.service ?? []);
  const document: HeadsDocument = { services: all };
  await printResult(options, document, headsText(all));
  return exitCode.done;
}
