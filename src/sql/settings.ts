import { allowedSchemas } from "./allowance.ts";
import { constantIn } from "./constants.ts";
import { isPlaceholder } from "./literals.ts";
import { namesOfTree } from "./names-in-tree.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, walk } from "./tree.ts";
import type { CheckedStatement, Violation } from "./violation.ts";

/** Settings that keep a migration inside its tenant. */
const ofTheRunner = /^(search_path|role|session_authorization|drizzle_fleet\..*)$/;

/**
 * Settings that decide how the server reads SQL text, with the values that drizzle-fleet assumes. The server reads the
 * next message before anything in it can reset them. Sources: PostgreSQL's documentation, "String Constants" and
 * `backslash_quote`; `pg_encname_tbl` for the names of encodings.
 */
const ofTheLexer: Readonly<Record<string, RegExp>> = {
  client_encoding: /^(utf-?8|unicode)$/i,
  standard_conforming_strings: /^(on|true|yes|1|t)$/i,
  backslash_quote: /^(safe_encoding|off|false|no|0|f)$/i,
};

/** Settings that load code, allow writes to the catalogs, or disable safeguards of the whole server. */
const ofTheServer =
  /^(allow_in_place_tablespaces|allow_system_table_mods|dynamic_library_path|event_triggers|extension_control_path|ignore_checksum_failure|ignore_system_indexes|jit_provider|local_preload_libraries|session_preload_libraries|zero_damaged_pages)$/;

/** A setting that a statement changes: by SET, as an option of a function, or with set_config(). */
interface Setting {
  /** In lower case; undefined for a name that is computed. */
  readonly name: string | undefined;
  /** Its value, if that is a single constant. */
  readonly value?: string | undefined;
  /** Its values, if all of them are constants. */
  readonly values?: readonly string[];
}

/** Why a change of a setting is refused. */
export function settingViolation({
  kind,
  body,
  tree,
  source,
  rules,
}: CheckedStatement): Violation | undefined {
  const allowed = allowedSchemas(rules);
  const ofFunction = kind === "CreateFunctionStmt" || kind === "AlterFunctionStmt";
  const set: Setting[] = [
    ...(kind === "VariableSetStmt" ? [setBy(body)] : []),
    // A function may set its own search_path: the check of schemas covers its entries.
    ...(ofFunction ? optionsOf(body) : []),
    ...namesOfTree(tree, source).settings.map((name) => ({ name })),
  ];
  for (const one of set) {
    if (keepsPath(one, source, allowed)) continue;
    const violation = violationOfSetting(one);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** True for a search_path with the service's single schema, followed only by schemas that it may name. */
function keepsPath(
  { name, values = [] }: Setting,
  source: SourceSchema,
  allowed: readonly string[],
): boolean {
  if (name !== "search_path" || source.target === undefined || values.length === 0) return false;
  const [first, ...rest] = values;
  const own = (value: string | undefined) => isPlaceholder(value ?? "") || source.isTarget(value);
  return own(first) && rest.every((value) => own(value) || [...allowed, "pg_temp"].includes(value));
}

function optionsOf(body: Tree): Setting[] {
  const found: Setting[] = [];
  walk(body, (node, key) => {
    if (key !== "VariableSetStmt") return;
    const set = setBy(node);
    if (set.name !== "search_path") found.push(set);
  });
  return found;
}

function setBy(node: Tree): Setting {
  if (node.kind === "VAR_RESET_ALL") return { name: "search_path" };
  const name = String(node.name).toLowerCase();
  const values = Array.isArray(node.args) ? node.args : [];
  const texts = values.flatMap((value) => settingValue(value) ?? []);
  return {
    name,
    ...(values.length === 1 ? { value: settingValue(values[0]) } : {}),
    ...(texts.length === values.length ? { values: texts } : {}),
  };
}

function settingValue(node: unknown): string | undefined {
  const [text] = constantIn(node);
  if (text !== undefined) return text.value;
  const number =
    isTree(node) && isTree(node.A_Const) && isTree(node.A_Const.ival)
      ? node.A_Const.ival
      : undefined;
  return number === undefined ? undefined : String(number.ival ?? 0);
}

function violationOfSetting({ name, value }: Setting): Violation | undefined {
  // A computed name can be that of any setting.
  if (name === undefined || ofTheRunner.test(name))
    return {
      message: `drizzle-fleet sets ${name ?? "search_path"} itself, to keep the migration inside its tenant`,
      remedy: "Remove the statement: unqualified names already resolve in the tenant schema.",
      name: name ?? "set_config",
    };
  const harmless = ofTheLexer[name];
  // RESET and DEFAULT restore the value of the role, which can be anything.
  if (harmless !== undefined && (value === undefined || !harmless.test(value)))
    return {
      message: `${name} changes how the server reads SQL: it would run different statements from those that were checked`,
      remedy:
        "Remove the setting. Write the file as UTF-8, and use E'...' where backslashes are escapes.",
      name,
    };
  if (!ofTheServer.test(name)) return undefined;
  return {
    message: `the setting ${name} reaches beyond one tenant's schema`,
    remedy: "Remove the setting: migrations do not need it.",
    name,
  };
}
