import { table } from "./table.ts";

interface Entry {
  readonly service: string;
  readonly tag: string;
  readonly madeAt: Date;
  readonly down: string;
  readonly targets: number | undefined;
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
    const rows = [
      ...(base === undefined ? [] : [["(base)", "", "", base]]),
      ...own.map(({ tag, madeAt, down, targets }) => [
        tag,
        madeAt.toISOString().slice(0, 10),
        down,
        targets === undefined || targets === 0 ? "" : targets,
      ]),
    ];
    if (rows.length === 0) return [`${service}: no migrations`];
    return table([service, "created", "down", "targets"], rows);
  });
  return blocks.map((lines) => lines.join("\n")).join("\n\n");
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
