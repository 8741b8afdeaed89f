import { counted, shortList } from "../core/count.ts";
import { failureText } from "../core/failure-text.ts";
import { type Failure, isFailure, type Outcome } from "../core/outcome.ts";
import { escapeRegExp } from "../core/regexp.ts";
import { targetName } from "../core/target.ts";
import { indent, longestList } from "./errors.ts";
import { style } from "./style.ts";

/** What a failure needs to be told of; an outcome of this run, or one that was kept. */
export interface FailedTarget {
  /** The name a person reads. */
  readonly name: string;
  readonly schema: string;
  readonly status: Outcome["status"];
  readonly failure: Failure;
}

/** Targets that failed in the same way: the same outcome and SQLSTATE at the same place of the same migration. */
export interface FailureGroup {
  /** The first one's; the others' messages may differ. */
  readonly failure: Failure;
  readonly targets: readonly FailedTarget[];
}

/** The failures of outcomes, and for a database that could not be reached also what was not begun. */
export function failedTargets(outcomes: readonly Outcome[]): FailedTarget[] {
  return outcomes.flatMap((outcome) => {
    const { target, status, failure } = outcome;
    if (!isFailure(outcome) || failure === undefined) return [];
    return [{ name: targetName(target), schema: target.schema, status, failure }];
  });
}

/**
 * What failures of one kind have in common. A message may name the tenant's schema, a file, a row; so it tells kinds
 * apart only where SQLSTATE and line do not, and without the numbers and paths in it.
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

/** A message without the tenant in it. */
function general(target: FailedTarget | undefined): string {
  return target === undefined ? "" : withoutNames(target.failure.message, [target.schema]);
}

/** A text with `{tenant}` for names of a tenant and its schema, where they are whole words. */
export function withoutNames(text: string, names: readonly (string | undefined)[]): string {
  return names.reduce<string>(
    (rest, name = "") => rest.split(name === "" ? /$^/ : wholeWord(name)).join("{tenant}"),
    text,
  );
}

/** The name where it is no part of a longer one. */
function wholeWord(name: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${escapeRegExp(name)}(?![\\p{L}\\p{N}_-])`, "gu");
}

const labels: Partial<Record<Outcome["status"], string>> = {
  inDoubt: " (in doubt: the connection broke before the answer came)",
  notExecuted: " (not begun)",
};

/** Every kind of failure once, with the targets it struck. */
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
    const told = {
      ...failure,
      ...(example === "" ? {} : { detail: example }),
      // One of several is shown as what it is.
      ...(differ ? { message: `${first?.name}: ${failure.message}` } : {}),
      remedy: remedyForAll(own.map(({ failure }) => failure.remedy)),
    };
    return [`${style("red", "x")} ${which}${label}`, indent(failureText(told)), ""];
  });
  const rest = groups.length - longestList;
  return rest > 0 ? [...shown, `... and ${counted(rest, "other kind")} of failure.`, ""] : shown;
}

/** A command for one tenant becomes one for all of a group that are listed. One remedy for all of them stays. */
export function remedyForAll(remedies: readonly string[]): string {
  const [remedy = "", ...others] = new Set(remedies);
  if (others.length === 0) return remedy;
  const option = / --tenant \S+?(?=\.?(\s|$))/;
  const options = remedies.flatMap((one) => option.exec(one)?.[0] ?? []);
  if (options.length <= 1) return remedy;
  const all = options.length <= 5 ? options.join("") : " --tenant <each of these tenants>";
  return remedy.replace(option, () => all);
}
