import { counted, shortList } from "../core/count.ts";
import type { DriftDifference, DriftRepair, DriftShape, UnmodelledKind } from "../core/drift.ts";
import type { Target } from "../core/target.ts";
import { targetName } from "../core/target.ts";
import { style } from "./style.ts";

/** What `drift` found. */
interface Found {
  readonly shapes: readonly DriftShape[];
  readonly uncompared: readonly { readonly target: Target; readonly reason: string }[];
  readonly unmodelled: readonly UnmodelledKind[];
  readonly allowances: readonly { readonly object: string; readonly problem: string }[];
}

/** The shapes of a fleet, the most serious first; then what was not compared; then the verdict. */
export function driftText(found: Found): string {
  const drifted = found.shapes.filter(({ differences }) => differences.length > 0);
  return [
    ...drifted.flatMap((shape) => {
      const [head = "", ...lines] = shapeText(shape);
      return [style("red", head), ...lines, ""];
    }),
    ...endText(found),
  ].join("\n");
}

/** What was not compared, the entries of drift.allow to change, and the verdict. */
function endText({ shapes, uncompared, unmodelled, allowances }: Found): string[] {
  const drifted = shapes.filter(({ differences }) => differences.length > 0);
  const clean = shapes.flatMap(({ differences, targets }) =>
    differences.length === 0 ? targets : [],
  ).length;
  const all = shapes.reduce((sum, { targets }) => sum + targets.length, 0);
  const count = all - clean;
  return [
    ...uncomparedText(uncompared),
    ...unmodelledText(unmodelled),
    ...allowances.map(({ object, problem }) =>
      style(
        "yellow",
        `drift.allow: the entry for ${object} ${problem === "expired" ? "has expired" : "matches nothing"}. Remove it${problem === "expired" ? ", or extend it" : ""}.`,
      ),
    ),
    count === 0
      ? style("green", `No drift: ${counted(clean, "target")} as expected.`)
      : style(
          "red",
          `Drift: ${count} of ${counted(all, "target")}, in ${counted(drifted.length, "shape")}; ${clean} as expected.`,
        ),
    ...(drifted.some(({ repair }) => repair?.proved === false && repair.sql.length > 0)
      ? ["To try the repairs on a copy, and then to run them, run: npx drizzle-fleet drift --fix"]
      : []),
  ];
}

/** The same as Markdown, for an issue or a chat: a section for each shape. */
export function driftMarkdown(found: Found): string {
  const drifted = found.shapes.filter(({ differences }) => differences.length > 0);
  return [
    ...drifted.flatMap((shape) => {
      const [head = "", ...lines] = shapeText(shape);
      return [`### ${head.replace(/^x /, "")}`, "", "```text", ...lines, "```", ""];
    }),
    ...endText(found),
  ].join("\n");
}

/** One text for each shape with drift, for annotations. */
export function driftNotes({ shapes }: Found): { service: string; text: string }[] {
  return shapes
    .filter(({ differences }) => differences.length > 0)
    .map((shape) => ({ service: shape.service, text: shapeText(shape).join("\n") }));
}

/** What still differs after repairs. */
export function remainingText(shapes: readonly DriftShape[]): string {
  const drifted = shapes.filter(({ differences }) => differences.length > 0);
  if (drifted.length === 0) return style("green", "Every repaired target is as expected.");
  return [style("yellow", "Still different:"), ...drifted.flatMap(shapeText)].join("\n");
}

function shapeText({ service, at, targets, differences, repair }: DriftShape): string[] {
  const names = shortList(
    targets.map((target) => targetName(target)),
    10,
  );
  const place = at === null ? service : `${service} at ${at}`;
  return [
    `x ${counted(targets.length, "target")} of ${place}: ${names}`,
    ...differences.flatMap((one) => differenceText(one, repair)),
    ...(repair === null ? [] : repairLines(repair)),
  ];
}

/** The SQL that repairs a shape, and what it leaves. */
function repairLines({ sql, unrepaired, proved }: DriftRepair): string[] {
  const title = proved ? "SQL of the repair:" : "SQL of the repair, not tried yet:";
  return [
    ...(sql.length === 0 ? [] : [`  ${title}`]),
    ...sql.flatMap((statement) => statement.split("\n").map((line) => `     ${line}`)),
    ...unrepaired.map(
      ({ kind, name, reason }) => `  Not repaired: ${`${kind} ${name}`.trim()} (${reason})`,
    ),
  ];
}

function differenceText(difference: DriftDifference, repair: DriftRepair | null): string[] {
  const { kind, name, change, properties } = difference;
  const what = name === "" ? kind : `${kind} ${name}`;
  const [first] = properties;
  // The SQL of the repair contains its definition.
  const isRepaired = repair?.unrepaired.every((one) => one.kind !== kind || one.name !== name);
  if (change === "missing")
    return [
      `  ${what} is missing (${difference.class})`,
      ...(isRepaired === true ? [] : definitionText(first?.expected)),
    ];
  if (change === "extra")
    return [`  ${what} is not expected (${difference.class})`, ...definitionText(first?.found)];
  return properties.flatMap(({ property, expected, found }) => [
    `  ${what}: ${property} ${isPlural(property) ? "differ" : "differs"} (${difference.class})`,
    `     expected: ${oneLine(expected)}`,
    `     found:    ${oneLine(found)}`,
  ]);
}

/** True for the name of a property such as `privileges`. */
function isPlural(property: string): boolean {
  return property.endsWith("s");
}

function definitionText(definition: string | null | undefined): string[] {
  return definition === null || definition === undefined ? [] : [`     ${oneLine(definition)}`];
}

function oneLine(value: string | null): string {
  return value === null ? "(none)" : value.replace(/\s+/g, " ").trim();
}

function uncomparedText(uncompared: Found["uncompared"]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { target, reason } of uncompared)
    byReason.set(reason, [...(byReason.get(reason) ?? []), targetName(target)]);
  const lines = [...byReason].map(
    ([reason, names]) => `Not compared: ${shortList(names)} (${reason})`,
  );
  return lines.length === 0 ? [] : [...lines, ""];
}

function unmodelledText(unmodelled: Found["unmodelled"]): string[] {
  const lines = unmodelled.map(({ kind, count, names, targets }) => {
    const places = shortList(targets.map((target) => targetName(target)));
    return `Not compared: ${counted(count, kind)} (${shortList(names)}) of ${counted(targets.length, "target")}: ${places}`;
  });
  return lines.length === 0 ? [] : [...lines, ""];
}
