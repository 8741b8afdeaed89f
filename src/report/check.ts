import { counted, shortList } from "../core/count.ts";
import type { AcceptedFault } from "../core/fault.ts";
import type { Finding } from "../core/finding.ts";
import { indent, problemText } from "./errors.ts";

/** One finding of a check, with the SQL of the missing migration. */
export function findingText({ service, problem, sql, questions }: Finding): string {
  const parts = [`${service}: ${problemText(problem)}`];
  for (const question of questions ?? []) parts.push(indent(`? ${question}`));
  if (sql !== undefined) parts.push(indent(sql.map((statement) => statement.trim()).join("\n")));
  return parts.join("\n");
}

/** What a proof on a server has shown. */
export function provedHistoriesText(
  proved: readonly {
    readonly service: string;
    readonly migrations: number;
    readonly downs: number;
  }[],
): string[] {
  if (proved.length === 0) return [];
  const each = proved.map(({ service, migrations, downs }) => {
    const count = counted(migrations, "migration");
    return `${service} (${downs === migrations ? count : `${count}, ${downs} with a down`})`;
  });
  const isBack = proved.some(({ downs }) => downs > 0);
  return [`Proved: ${each.join(", ")}: ${isBack ? "up, down and up again" : "up"}.`];
}

/** The faults that `check --accept` has recorded, by service. */
export function acceptedText(accepted: readonly AcceptedFault[]): string[] {
  if (accepted.length === 0) return ["Nothing to accept."];
  return byService(accepted, (faults) => `${counted(faults.length, "fault")} accepted`);
}

/** Accepted faults that are no longer found. */
export function staleText(stale: readonly AcceptedFault[]): string[] {
  return byService(
    stale,
    (faults) =>
      `accepted but no longer found: ${shortList(faults)}\n-> To remove ${faults.length === 1 ? "it" : "them"} from accepted.json, run: npx drizzle-fleet check --accept "<reason>"`,
  );
}

function byService(
  accepted: readonly AcceptedFault[],
  text: (faults: readonly string[]) => string,
): string[] {
  const services = [...new Set(accepted.map(({ service }) => service))];
  return services.map((service) => {
    const faults = accepted.filter((one) => one.service === service).map(({ fault }) => fault);
    return `${service}: ${text(faults)}`;
  });
}
