import { counted, shortList } from "../core/count.ts";
import { hasWork, type Plan, type Step, type TargetPlan, targetsOf } from "../core/plan.ts";
import { targetName } from "../core/target.ts";
import { visibleLine } from "../core/visible.ts";
import { heldIn, heldText } from "./held.ts";
import { problemsText } from "./problems.ts";
import { table } from "./table.ts";

/** The words for the plan of a verb. */
export interface PlanWording {
  /** What will be done with migrations: `apply to`. */
  readonly todo: string;
  /** For targets that have nothing to do: `at head`. */
  readonly idle: string;
  /** What is counted instead of migrations: `ledger`. */
  readonly unit?: string;
}

/** What a rollout would do: for each wave, the targets grouped by their steps; then all problems. */
export function planText(
  plan: Plan,
  wording: PlanWording = { todo: "apply to", idle: "at head" },
): string {
  const targets = targetsOf(plan);
  const busy = targets.filter(hasWork);
  const several = plan.waves.length > 1;
  const rows = plan.waves.flatMap((wave) =>
    groupBySteps(wave.targets).map(([first, ...rest]) => [
      ...(several ? [wave.name] : []),
      first.target.service,
      rest.length + 1,
      stepsText(first),
    ]),
  );
  // Names are on lines of their own because long ones would distort the table.
  const names = plan.waves.flatMap((wave) =>
    groupBySteps(wave.targets).map((group) =>
      shortList(group.map(({ target }) => targetName(target))),
    ),
  );
  const header = [...(several ? ["wave"] : []), "service", "targets", "migrations"];
  const [head = "", ...lines] = table(header, rows);
  const steps = busy.reduce((sum, target) => sum + target.steps.length, 0);
  const blocked = busy.filter(({ problems }) => problems.length > 0).length;
  return [
    ...(rows.length > 0
      ? [head, ...lines.flatMap((line, index) => [line, `    ${names[index]}`]), ""]
      : []),
    ...problemsText(busy),
    steps === 0 && blocked === 0
      ? `Nothing to do: ${counted(targets.length, "target")} ${wording.idle}.`
      : `${counted(steps, wording.unit ?? "migration")} to ${wording.todo} ${counted(busy.length - blocked, "target")}${
          blocked > 0 ? `; ${counted(blocked, "target")} cannot be changed` : ""
        }.`,
    ...heldText(heldIn(targets)),
    ...floorText(targets),
  ].join("\n");
}

/** The contracts below which a downgrade does not go. */
export function floorText(targets: readonly TargetPlan[]): string[] {
  const floors = new Map<string, number>();
  for (const { target, floor } of targets) {
    if (floor === undefined) continue;
    const key = `${visibleLine(target.service)} ${visibleLine(floor)}`;
    floors.set(key, (floors.get(key) ?? 0) + 1);
  }
  return [...floors].map(
    ([name, count]) =>
      `Floor: the contract ${name} stays applied in ${counted(count, "target")}. Code of releases before it does not run there.`,
  );
}

function groupBySteps(targets: readonly TargetPlan[]): [TargetPlan, ...TargetPlan[]][] {
  const groups = new Map<string, [TargetPlan, ...TargetPlan[]]>();
  for (const plan of targets) {
    if (plan.steps.length === 0) continue;
    const key = JSON.stringify([plan.target.service, plan.steps[0]?.ledger, stepsText(plan)]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [plan]);
    else group.push(plan);
  }
  return [...groups.values()];
}

function stepsText({ steps }: TargetPlan): string {
  const [step] = steps;
  const named: readonly Pick<Step, "tag">[] = step?.entries ?? steps;
  const resumed =
    step?.batch !== undefined
      ? ` (continues after ${counted(step.batch.rows, "row")})`
      : (step?.resumeAt ?? 0) > 0
        ? " (resumed)"
        : "";
  const [first, last] = [named[0], named.at(-1)];
  if (first === undefined || last === undefined) return "none";
  if (named.length === 1) return `${first.tag}${resumed}`;
  return `${first.tag}${resumed} .. ${last.tag} (${named.length})`;
}
