import { hasWork, type Plan, type TargetPlan, targetsOf } from "../core/plan.ts";
import { problemsText } from "./problems.ts";
import { table } from "./table.ts";
import { counted, some } from "./words.ts";

/**
 * What a rollout would do: wave by wave, targets with the same steps together, then every problem.
 *
 * @param wording what is to be done with migrations, and where targets are that have nothing to do
 */
export function planText(
  plan: Plan,
  wording: { readonly todo: string; readonly idle: string } = { todo: "apply to", idle: "at head" },
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
  // Names are as long as they like: on lines of their own they leave the table in shape.
  const names = plan.waves.flatMap((wave) =>
    groupBySteps(wave.targets).map((group) =>
      some(group.map(({ target }) => target.tenant ?? target.schema)),
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
      : `${counted(steps, "migration")} to ${wording.todo} ${counted(busy.length - blocked, "target")}${
          blocked > 0 ? `; ${counted(blocked, "target")} cannot be changed` : ""
        }.`,
  ].join("\n");
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
  const [first, ...rest] = steps;
  const last = rest.at(-1);
  const resumed = (first?.resumeAt ?? 0) > 0 ? " (resumed)" : "";
  if (last === undefined) return `${first?.tag ?? ""}${resumed}`;
  return `${first?.tag}${resumed} .. ${last.tag} (${steps.length})`;
}
