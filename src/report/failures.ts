import { counted, shortList } from "../core/count.ts";
import { type Failure, isFailure, type Outcome } from "../core/outcome.ts";
import { escapeRegExp } from "../core/regexp.ts";
import { targetName } from "../core/target.ts";
import { failureText, indent, longestList } from "./errors.ts";
import { style } from "./style.ts";

/** A failed target, of this run or of a recorded one. */
export interface FailedTarget {
  /** The name that is shown. */
  readonly name: string;
  readonly schema: string;
  readonly status: Outcome["status"];
  readonly failure: Failure;
}

/** Targets that failed in the same way: the same outcome and SQLSTATE at the same place of the same migration. */
export interface FailureGroup {
  /** That of the first target; the messages of the others can differ. */
  readonly failure: Failure;
  readonly targets: readonly FailedTarget[];
}

/** The targets that failed, including those whose database could not be reached. */
export function failedTargets(outcomes: readonly Outcome[]): FailedTarget[] {
  return outcomes.flatMap((outcome) => {
    const { target, status, failure } = outcome;
    if (!isFailure(outcome) || failure === undefined) return [];
    return [{ name: targetName(target), schema: target.schema, status, failure }];
  });
}

/**
 * A key that is equal for failures of one kind. A message can name the tenant's schema, a file or a row, so it counts
 * only if there is no SQLSTATE or no line, and without its numbers and paths.
 */
export function kindOf({ failure, schema }: Pick<FailedTarget, "failure" | "schema">): string {
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
    const key = `${target.status} ${kindOf(target)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { failure, targets: [target] });
    else group.targets.push(target);
  }
  return [...groups.values()].sort((left, right) => right.targets.length - left.targets.length);
}

/** A failure's message without the name of the tenant schema. */
function general(target: FailedTarget | undefined): string {
  return target === undefined ? "" : withoutNames(target.failure.message, [target.schema]);
}

/** A text with `{tenant}` in place of these names, if they are whole words. */
export function withoutNames(text: string, names: readonly (string | undefined)[]): string {
  return names.reduce<string>(
    (rest, name = "") => rest.split(name === "" ? /$^/ : wholeWord(name)).join("{tenant}"),
    text,
  );
}

/** Matches the name unless it is part of a longer one. */
function wholeWord(name: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${escapeRegExp(name)}(?![\\p{L}\\p{N}_-])`, "gu");
}

const labels: Partial<Record<Outcome["status"], string>> = {
  inDoubt: " (in doubt: the connection was lost before the answer)",
  notExecuted: " (not started)",
};

/** Each kind of failure once, with the targets that have it. */
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
      // If the messages differ, the one that is shown names its target.
      ...(differ ? { message: `${first?.name}: ${failure.message}` } : {}),
      remedy: remedyForAll(own.map(({ failure }) => failure.remedy)),
    };
    return [`${style("red", "x")} ${which}${label}`, indent(failureText(shownFailure)), ""];
  });
  const rest = groups.length - longestList;
  return rest > 0 ? [...shown, `... and ${counted(rest, "other kind")} of failure.`, ""] : shown;
}

/** One remedy for a group: if the remedies differ in their tenant, a command that names all of these tenants. */
export function remedyForAll(remedies: readonly string[]): string {
  const [remedy = "", ...others] = new Set(remedies);
  if (others.length === 0) return remedy;
  const option = / --tenant \S+?(?=\.?(\s|$))/;
  const options = remedies.flatMap((one) => option.exec(one)?.[0] ?? []);
  if (options.length <= 1) return remedy;
  const all = options.length <= 5 ? options.join("") : " --tenant <each of these tenants>";
  return remedy.replace(option, () => all);
}
