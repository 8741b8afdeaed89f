import { constantIn } from "./constants.ts";
import { isPlaceholder } from "./literals.ts";
import type { Tree } from "./parser.ts";
import { namesOfTree } from "./references.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, walk } from "./tree.ts";
import type { Violation } from "./violation.ts";

/** Settings that keep a migration inside its tenant. */
const ofTheRunner = /^(search_path|role|session_authorization|drizzle_fleet\..*)$/;

/**
 * Settings that the server reads text by, and the values that we read it by. The text of the next message is read
 * before anything in it can set them back. Sources: PostgreSQL's documentation, "String Constants" and
 * `backslash_quote`; `pg_encname_tbl` for the encoding's names.
 */
const ofTheLexer: Readonly<Record<string, RegExp>> = {
  client_encoding: /^(utf-?8|unicode)$/i,
  standard_conforming_strings: /^(on|true|yes|1|t)$/i,
  backslash_quote: /^(safe_encoding|off|false|no|0|f)$/i,
};

/** Settings that load code, open the catalogs to writes or turn off what watches over the whole server. */
const ofTheServer =
  /^(allow_in_place_tablespaces|allow_system_table_mods|dynamic_library_path|event_triggers|extension_control_path|ignore_checksum_failure|ignore_system_indexes|jit_provider|local_preload_libraries|session_preload_libraries|zero_damaged_pages)$/;

/** A setting that a statement sets: by SET, as an option of a function, or with set_config(). */
interface Setting {
  /** In lower case; undefined for one whose name is computed. */
  readonly name: string | undefined;
  /** Its value, where that is one constant. */
  readonly value?: string | undefined;
  /** Its values, where they are constants. */
  readonly values?: readonly string[];
}

/**
 * Why a statement may not set what it sets.
 *
 * @param allowed schemas that the configuration allows beside the target's own
 */
export function settingViolation(
  kind: string,
  body: Tree,
  tree: Tree,
  source: SourceSchema,
  allowed: readonly string[],
): Violation | undefined {
  const ofFunction = kind === "CreateFunctionStmt" || kind === "AlterFunctionStmt";
  const set: Setting[] = [
    ...(kind === "VariableSetStmt" ? [setBy(body)] : []),
    // A function may have a search_path of its own, whose schemas are checked elsewhere.
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

/** True for a search_path of the service's one schema and what it may name besides: it leads nowhere else. */
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
  // A setting whose name is computed could be any.
  if (name === undefined || ofTheRunner.test(name))
    return {
      message: `${name ?? "search_path"} is set by the runner, to keep a migration inside its tenant`,
      remedy: "Remove the statement; names without a schema already resolve in the tenant schema.",
      name: name ?? "set_config",
    };
  const harmless = ofTheLexer[name];
  // RESET and DEFAULT lead back to what the role has, which may be anything.
  if (harmless !== undefined && (value === undefined || !harmless.test(value)))
    return {
      message: `${name} changes how the server reads SQL: it would run different statements from those that were checked`,
      remedy: "Remove it, and write the text as UTF-8, with E'...' where backslashes are escapes.",
      name,
    };
  if (!ofTheServer.test(name)) return undefined;
  return {
    message: `${name} reaches beyond one tenant's schema`,
    remedy: "Remove it: migrations do not need it.",
    name,
  };
}
