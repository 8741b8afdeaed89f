import type { ChildProcess } from "node:child_process";
import { isFleetError } from "../../src/core/errors.ts";
import type { RolloutEvent } from "../../src/core/events.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { Context } from "../../src/fleet/context.ts";
import { migrate } from "../../src/operations/migrate.ts";
import { ended, startCli } from "./cli.ts";

/** How a run of `migrate` ended. `refused`: it ended before the rollout began. */
export type Ending =
  | { readonly how: "ended"; readonly code: number | undefined; readonly stderr: string }
  | { readonly how: "refused"; readonly message: string }
  | { readonly how: "killed" };

/** A run of `migrate` that can be watched while it is in progress. */
export class Runner {
  readonly events: RolloutEvent[] = [];
  readonly ending: Promise<Ending>;
  readonly #kill: ((signal: NodeJS.Signals) => void) | undefined;
  readonly #waiting = new Set<() => void>();
  #over = false;

  private constructor(
    start: (see: (event: RolloutEvent) => void) => Promise<Ending>,
    kill?: (signal: NodeJS.Signals) => void,
  ) {
    this.#kill = kill;
    this.ending = start((event) => {
      this.events.push(event);
      for (const look of this.#waiting) look();
    }).finally(() => {
      this.#over = true;
      for (const look of this.#waiting) look();
    });
  }

  /** Starts a run in this process, which is faster. */
  static here(context: Context): Runner {
    const all = { services: [], tenants: [], databases: [] };
    return new Runner(async (see) => {
      try {
        await migrate(context, all, see);
        return { how: "ended", code: undefined, stderr: "" };
      } catch (error) {
        if (!isFleetError(error) || error.code !== "unreachable") throw error;
        return { how: "refused", message: error.message };
      }
    });
  }

  /** Starts a run in a separate process, which can be killed. `--json` is added to `command`. */
  static process(
    folder: string,
    environment: Record<string, string>,
    command: readonly string[] = ["migrate"],
  ): Runner {
    const child = startCli(folder, [...command, "--json"], environment);
    return new Runner(
      (see) => watched(child, see),
      (signal) => void child.kill(signal),
    );
  }

  get started(): boolean {
    return this.events.length > 0;
  }

  /** True between the rollout's first event and its last one. */
  get underWay(): boolean {
    return this.started && !this.#over && !this.finished;
  }

  /** True after the event that the rollout has ended. */
  get finished(): boolean {
    return this.#count("rolloutEnded") > 0;
  }

  get applied(): number {
    return this.#count("stepApplied");
  }

  get retries(): readonly (RolloutEvent & { type: "targetRetried" })[] {
    return this.events.filter((event) => event.type === "targetRetried");
  }

  get outcomes(): readonly Outcome[] {
    return this.events.flatMap((event) => (event.type === "targetEnded" ? [event.outcome] : []));
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    if (this.#kill === undefined) throw new Error("a runner in this process cannot be killed");
    this.#kill(signal);
  }

  /** Waits until a condition is true, or the run has ended. */
  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.#over && !isTrue()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #count(type: RolloutEvent["type"]): number {
    return this.events.filter((event) => event.type === type).length;
  }
}

async function watched(child: ChildProcess, see: (event: RolloutEvent) => void): Promise<Ending> {
  let started = false;
  let rest = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    // The last line of a killed process can be incomplete.
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const event: RolloutEvent | { type: "summary" } | { type: "error" } = JSON.parse(line);
      if (event.type === "summary" || event.type === "error") continue;
      started = true;
      see(event);
    }
  });
  const { code, stderr } = await ended(child);
  if (child.signalCode === "SIGKILL") return { how: "killed" };
  return started ? { how: "ended", code, stderr } : { how: "refused", message: stderr };
}
