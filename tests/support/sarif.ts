export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

type Object = { readonly [key: string]: Json };

/**
 * What SARIF 2.1.0 objects to in a document: the requirements of its specification for the properties that we write. A property
 * without a requirement here is an objection, too.
 */
export function objectionsToSarif(document: Json): string[] {
  const objections: string[] = [];
  const check = (place: string, isRight: boolean) => {
    if (!isRight) objections.push(place);
  };
  const log = objectOf(document);
  check("$schema (3.13.3)", /sarif-2\.1\.0\.json$/.test(textOf(log.$schema)));
  check("version (3.13.2)", log.version === "2.1.0");
  check("runs (3.13.4)", listOf(log.runs).length > 0);
  only(check, "sarifLog", log, ["$schema", "version", "runs"]);
  for (const one of listOf(log.runs)) checkRun(check, objectOf(one));
  return objections;
}

type Check = (place: string, isRight: boolean) => void;

function checkRun(check: Check, run: Object): void {
  only(check, "run", run, ["tool", "columnKind", "originalUriBaseIds", "results"]);
  const driver = objectOf(objectOf(run.tool ?? null).driver ?? null);
  const rules = listOf(driver.rules).map(objectOf);
  only(check, "driver", driver, [
    ...["name", "version", "semanticVersion", "informationUri", "rules"],
  ]);
  check("driver.name (3.19.8)", textOf(driver.name) !== "");
  check("driver.semanticVersion (3.19.12)", /^\d+\.\d+\.\d+/.test(textOf(driver.semanticVersion)));
  check("driver.informationUri (3.19.17)", isAbsolute(driver.informationUri));
  check(
    "columnKind (3.14.17)",
    ["utf16CodeUnits", "unicodeCodePoints"].includes(textOf(run.columnKind)),
  );
  const ids = rules.map(({ id }) => textOf(id));
  check("rules have different ids (3.19.23)", new Set(ids).size === ids.length);
  for (const rule of rules) {
    only(check, "rule", rule, [
      ...["id", "shortDescription", "fullDescription", "helpUri", "defaultConfiguration"],
    ]);
    check("rule.shortDescription (3.49.9)", isMessage(rule.shortDescription));
    check("rule.fullDescription (3.49.10)", isMessage(rule.fullDescription));
    check("rule.helpUri (3.49.12)", isAbsolute(rule.helpUri));
    check("rule.defaultConfiguration (3.50)", isLevel(objectOf(rule.defaultConfiguration).level));
  }
  const bases = objectOf(run.originalUriBaseIds);
  for (const base of Object.values(bases))
    check(
      "originalUriBaseIds end with / (3.14.14)",
      /^file:\/\/.*\/$/.test(textOf(objectOf(base).uri)),
    );
  for (const one of listOf(run.results)) checkResult(check, objectOf(one), ids, Object.keys(bases));
}

function checkResult(check: Check, result: Object, ids: string[], bases: string[]): void {
  only(check, "result", result, [
    ...["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
  ]);
  check("ruleIndex is that of ruleId (3.27.6)", ids[Number(result.ruleIndex)] === result.ruleId);
  check("level (3.27.10)", isLevel(result.level));
  check("message (3.27.11)", isMessage(result.message));
  const prints = Object.values(objectOf(result.partialFingerprints));
  check(
    "partialFingerprints (3.27.17)",
    prints.length > 0 && prints.every((one) => textOf(one) !== ""),
  );
  for (const one of listOf(result.locations)) {
    const place = objectOf(objectOf(one).physicalLocation);
    const artifact = objectOf(place.artifactLocation);
    const region = objectOf(place.region);
    check("uri (3.4.3)", /^(?!\/)[\w.~/%!$&'()*+,;=:@-]+$/.test(textOf(artifact.uri)));
    check("uriBaseId (3.4.4)", bases.includes(textOf(artifact.uriBaseId)));
    check(
      "startLine (3.30.5)",
      Number.isInteger(region.startLine) && Number(region.startLine) >= 1,
    );
    check("endLine (3.30.7)", Number(region.endLine) >= Number(region.startLine));
    check("snippet (3.30.13)", textOf(objectOf(region.snippet).text) !== "");
  }
}

function only(check: Check, place: string, value: Object, names: readonly string[]): void {
  for (const name of Object.keys(value)) check(`${place}.${name}`, names.includes(name));
}

function isLevel(value: Json | undefined): boolean {
  return ["none", "note", "warning", "error"].includes(textOf(value));
}

function isMessage(value: Json | undefined): boolean {
  return textOf(objectOf(value).text) !== "";
}

function isAbsolute(value: Json | undefined): boolean {
  return URL.canParse(textOf(value));
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: Json | undefined): Object {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
