import { counted, shortList } from "../core/count.ts";
import { failureText } from "../core/failure-text.ts";
import { type Failure, isFailure, type Outcome } from "../core/outcome.ts";
import { escapeRegExp } from "../core/regexp.ts";
import { targetName } from "../core/target.ts";
import { indent, longestList } from "./errors.ts";
import { style } from "./style.ts";

/** A failed target, from an outcome of this run or a recorded one. */
export interface FailedTarget {
  /** The target's name for people. */
  readonly name: string;
  readonly schema: string;
  readonly status: Outcome["status"];
  readonly failure: Failure;
}

/** Targets that failed in the same way: with the same status and SQLSTATE, at the same place of the same migration. */
export interface FailureGroup {
  /** The failure of the first target. The messages of the others can differ. */
  readonly failure: Failure;
  readonly targets: readonly FailedTarget[];
}

/** The failed targets, including those of a database that could not be reached. */
export function failedTargets(outcomes: readonly Outcome[]): FailedTarget[] {
  return outcomes.flatMap((outcome) => {
    const { target, status, failure } = outcome;
    if (!isFailure(outcome) || failure === undefined) return [];
    return [{ name: targetName(target), schema: target.schema, status, failure }];
  });
}

/**
 * A key for failures of one kind. A message can contain the tenant's schema, a file or a row, so it is part of the key only
 * if SQLSTATE and line are not enough, and without its numbers and paths.
 */
export function failureKind({ failure, schema }: Pick<FailedTarget, "failure" | "schema">): string {
  const { sqlstate, tag, file, line, message, existing } = failure;
  const isPlaced = sqlstate !== undefined && line !== undefined;
  const text = withoutNames(message, [schema])
    .replace(/\S*\/\S*/g, "{path}")
    .replace(/\d+/g, "0");
  return JSON.stringify([sqlstate, tag, file, line, isPlaced ? "" : text, existing]);
}

/** Groups failures, the most frequent first. */
export function groupFailures(targets: readonly FailedTarget[]): FailureGroup[] {
  const groups = new Map<string, { failure: Failure; targets: FailedTarget[] }>();
  for (const target of targets) {
    const { failure } = target;
    const key = `${target.status} ${failureKind(target)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { failure, targets: [target] });
    else group.targets.push(target);
  }
  return [...groups.values()].sort((left, right) => right.targets.length - left.targets.length);
}

/** A message without the tenant's schema. */
function general(target: FailedTarget | undefined): string {
  return target === undefined ? "" : withoutNames(target.failure.message, [target.schema]);
}

/** Replaces the names of a tenant and its schema by `{tenant}` where they are separate words. */
export function withoutNames(text: string, names: readonly (string | undefined)[]): string {
  return names.reduce<string>(
    (rest, name = "") => rest.split(name === "" ? /$^/ : wholeWord(name)).join("{tenant}"),
    text,
  );
}

/** Matches a name that is not part of a longer one. */
function wholeWord(name: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${escapeRegExp(name)}(?![\\p{L}\\p{N}_-])`, "gu");
}

const labels: Partial<Record<Outcome["status"], string>> = {
  inDoubt: " (in doubt: the connection was lost before the server answered)",
  notExecuted: " (not run)",
};

/** Each kind of failure once, with its targets. */
export function failuresText(targets: readonly FailedTarget[]): string[] {
  const groups = groupFailures(targets);
  const shown = groups.slice(0, longestList).flatMap(({ failure, targets: own }) => {
    const [first] = own;
    const names = shortList(own.map(({ name }) => name));
    const which =
      own.length === 1
        ? `${names}  schema ${first?.schema}`
        : `${counted(own.length, "target")}: ${names}`;
    const label = labels[first?.status ?? "failed"] ?? "";
    const example =
      own.length > 1 && failure.detail !== undefined ? `${first?.name}: ${failure.detail}` : "";
    const differ = own.some((one) => general(one) !== general(own[0]));
    const shownFailure = {
      ...failure,
      ...(example === "" ? {} : { detail: example }),
      // If messages differ, the first one is shown with its target's name.
      ...(differ ? { message: `${first?.name}: ${failure.message}` } : {}),
      remedy: remedyForAll(own.map(({ failure }) => failure.remedy)),
    };
    return [`${style("red", "x")} ${which}${label}`, indent(failureText(shownFailure)), ""];
  });
  const rest = groups.length - longestList;
  return rest > 0 ? [...shown, `... and ${counted(rest, "other kind")} of failure.`, ""] : shown;
}

/** The remedy for a group of targets: a command for one tenant becomes one for all of them. */
export function remedyForAll(remedies: readonly string[]): string {
  const [remedy = "", ...others] = new Set(remedies);
  if (others.length === 0) return remedy;
  const option = / --tenant \S+?(?=\.?(\s|$))/;
  const options = remedies.flatMap((one) => option.exec(one)?.[0] ?? []);
  if (options.length <= 1) return remedy;
  const all = options.length <= 5 ? options.join("") : " --tenant <each of these tenants>";
  return remedy.replace(option, () => all);
}
