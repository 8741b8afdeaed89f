import { table } from "./table.ts";

interface Entry {
  readonly service: string;
  readonly tag: string;
  readonly madeAt: Date;
  readonly down: string;
  readonly targets: number | undefined;
  readonly contract?: { readonly after: string; readonly held: number | undefined };
}

/** All migrations of each service, oldest first, with the number of targets at each. */
export function historyText(
  entries: readonly Entry[],
  atBase: Readonly<Record<string, number>>,
): string {
  const services = [...new Set([...entries.map(({ service }) => service), ...Object.keys(atBase)])];
  const blocks = services.map((service) => {
    const own = entries.filter((entry) => entry.service === service);
    const base = atBase[service];
    const hasContracts = own.some(({ contract }) => contract !== undefined);
    const rows = [
      ...(base === undefined ? [] : [["(base)", "", "", base, ...(hasContracts ? [""] : [])]]),
      ...own.map(({ tag, madeAt, down, targets, contract }) => [
        tag,
        madeAt.toISOString().slice(0, 10),
        down,
        targets === undefined || targets === 0 ? "" : targets,
        ...(hasContracts ? [contractText(contract)] : []),
      ]),
    ];
    if (rows.length === 0) return [`${service}: no migrations`];
    const columns = ["created", "down", "targets", ...(hasContracts ? ["contract"] : [])];
    return table([service, ...columns], rows);
  });
  return blocks.map((lines) => lines.join("\n")).join("\n\n");
}

function contractText(contract: Entry["contract"]): string {
  if (contract === undefined) return "";
  const { held } = contract;
  if (held === undefined) return "yes";
  return held === 0 ? "applied" : `held in ${held}`;
}

/** The newest migration of each service. A service with open branches has several. */
export function headsText(
  all: readonly { readonly service: string; readonly heads: readonly string[] }[],
): string {
  const rows = all.map(({ service, heads }) => [service, heads.join(" and ") || "(none)"]);
  const branched = all.filter(({ heads }) => heads.length > 1).map(({ service }) => service);
  return [
    ...table(["service", "head"], rows),
    ...(branched.length > 0
      ? ["", `Branches are open. To merge them, run: npx drizzle-fleet merge ${branched.join(" ")}`]
      : []),
  ].join("\n");
}
