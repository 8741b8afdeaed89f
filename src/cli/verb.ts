import { Command } from "commander";
import { addHelp, type VerbHelp } from "./help/sections.ts";

/** A verb of the command line. */
export interface Verb {
  readonly command: Command;
  /** Does the work and returns the exit code. Its parameters are those that commander passes to an action. */
  readonly run: Run;
}

/** A verb that has verbs of its own, one of which runs if none is named. */
export interface VerbGroup {
  readonly command: Command;
  readonly verbs: readonly Verb[];
  readonly defaultVerb: string;
}

type Run = (...given: Parameters<Parameters<Command["action"]>[0]>) => Promise<number>;

/** Begins a verb: its name and its help. The caller adds arguments and options. */
export function newVerb(name: string, help: VerbHelp): Command {
  return addHelp(new Command(name), help);
}
