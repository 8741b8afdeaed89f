import { isUtf8 } from "node:buffer";
import { relative } from "node:path";
import { Argument, Command } from "commander";
import { counted } from "../../core/count.ts";
import { FleetError, throwProblems } from "../../core/errors.ts";
import type { Removal } from "../../operations/remove-tenant.ts";
import type { NewAdmin } from "../../tenancy/admin.ts";
import {
  addCommonOptions,
  type CommonOptions,
  collect,
  createContext,
  type Finish,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { footer } from "../help.ts";
import { printJson, printResult, printText, writeLine } from "../output.ts";
import { askLine, askSecret, canAsk } from "../prompt.ts";
import {
  type Attributes,
  attribute,
  type NewOptions,
  newOptions,
  newTenantOf,
  observerFor,
} from "../tenant-options.ts";
import { copyCommands } from "./tenant-copies.ts";

interface ListOptions extends CommonOptions {
  readonly status?: string[];
  readonly attribute?: Attributes;
}

interface RemoveOptions extends CommonOptions {
  readonly yes?: boolean;
  readonly dump?: string;
}

interface AddOptions extends NewOptions {
  readonly adminEmail?: string;
  readonly adminPasswordStdin?: boolean;
  readonly replay?: boolean;
}

export function tenantsCommand(finish: Finish): Command {
  const verb = (name: string) =>
    addCommonOptions(new Command(name))
      .exitOverride()
      .showHelpAfterError("(run with --help for usage)");
  const tenants = new Command("tenants")
    .description("who the tenants are: list, add, rename, clone, archive, remove, ...")
    .addCommand(listCommand(verb("list"), finish), { isDefault: true })
    .addCommand(addCommand(verb("add"), finish))
    .addCommand(adoptCommand(verb("adopt"), finish))
    .addCommand(switchCommand(verb("switch"), finish))
    .addCommand(grantCommand(verb("grant"), finish))
    .addCommand(
      lifeCommand(verb("archive"), finish, "keep its data, and everybody out", "Archived."),
    )
    .addCommand(
      lifeCommand(verb("restore"), finish, "bring an archived tenant to head, and back", "Active."),
    )
    .addCommand(removeCommand(verb("remove"), finish));
  for (const command of copyCommands(verb, finish)) tenants.addCommand(command);
  return tenants;
}

function listCommand(command: Command, finish: Finish): Command {
  return command
    .description("list the tenants, where they stand, and schemas that belong to nobody")
    .option("--status <status>", "only these, such as active (repeat for more)", collect)
    .option("--attribute <name=value>", "only with this attribute (repeat for more)", attribute)
    .action(async ({ status = [], attribute: attributes = {}, ...options }: ListOptions) => {
      const { listTenants } = await import("../../operations/list-tenants.ts");
      const { tenantsText } = await import("../../report/tenants.ts");
      const list = await listTenants(await createContext(options, "ends"), {
        statuses: status,
        attributes,
      });
      if (options.json === true) printJson(list);
      else await printText(tenantsText(list));
      finish(exitCode.done);
    });
}

function addCommand(command: Command, finish: Finish): Command {
  return newOptions(command)
    .description("onboard a tenant: registered, migrated, granted, seeded, active; or nothing")
    .argument("<id>", "the tenant's id")
    .option("--admin-email <address>", "create its first user")
    .option("--admin-password-stdin", "read that user's password from standard input")
    .option("--replay", "run every migration, use no baseline")
    .action(async (tenant: string, options: AddOptions) => {
      const { addTenant } = await import("../../operations/add-tenant.ts");
      const context = await createContext(options);
      const admin = await adminOf(options, context.environment);
      const observe = await observerFor(options);
      const added = await addTenant(
        context,
        {
          tenant,
          ...newTenantOf(options),
          ...(admin === undefined ? {} : { admin }),
          replay: options.replay === true,
        },
        observe,
      );
      const token = added.admin?.invitationToken;
      if (options.json === true) writeLine({ type: "tenantAdded", ...added });
      else {
        await printText(`Tenant ${tenant} is active.`);
        if (token !== undefined)
          await printText(`Invitation for ${added.admin?.email}, shown only once: ${token}`);
      }
      finish(exitCode.done);
    });
}

function adoptCommand(command: Command, finish: Finish): Command {
  return newOptions(command)
    .description("enter tenants whose schemas exist already")
    .argument("[id...]", "the tenants' ids")
    .option("--all", "everybody whose schemas belong to no tenant")
    .action(async (ids: string[], options: NewOptions & { readonly all?: boolean }) => {
      const { listTenants } = await import("../../operations/list-tenants.ts");
      const { adoptTenant } = await import("../../operations/adopt-tenant.ts");
      const context = await createContext(options);
      const found =
        options.all === true
          ? (await listTenants(context, { statuses: [], attributes: {} })).orphans
          : [];
      const tenants = [...new Set([...ids, ...found.map(({ tenant }) => tenant)])];
      if (tenants.length === 0 && options.all !== true)
        throw new FleetError("usage", "tenants adopt needs to know whom", {
          remedy: "Name tenants, or add --all for everybody that tenants list shows as nobody's.",
        });
      for (const tenant of tenants)
        await adoptTenant(context, {
          tenant,
          ...newTenantOf(options),
        });
      if (options.json === true) printJson({ adopted: tenants });
      else
        await printText(
          tenants.length === 0 ? "Nobody is left out." : `Entered: ${tenants.join(", ")}.`,
        );
      finish(exitCode.done);
    });
}

interface SwitchOptions extends CommonOptions {
  readonly forget?: string[];
  readonly dryRun?: boolean;
}

function switchCommand(command: Command, finish: Finish): Command {
  return command
    .description("move all tenants from the configuration to the registry, or back to a list")
    .addArgument(new Argument("<to>", "where to keep them").choices(["registry", "list"]))
    .option("--forget <id>", "remove an active tenant of no list from the registry", collect)
    .option("--dry-run", "show what would be done")
    .addHelpText(
      "after",
      footer(`
registry enters the tenants of the configuration, with their attributes and databases,
and names the line to remove. list prints the lines to put there; archived tenants stay
in the registry. Neither changes the configuration or a tenant's schemas.`),
    )
    .action(async (to: "registry" | "list", options: SwitchOptions) => {
      const { switchTenants } = await import("../../operations/switch-tenants.ts");
      const { forget = [], dryRun = false } = options;
      if (to === "list" && forget.length > 0)
        throw new FleetError("usage", "--forget is for switch registry", {
          remedy: "Leave it out. Nothing was changed.",
        });
      const context = await createContext(options);
      const switched = await switchTenants(context, { to, forget, dryRun });
      const file = relative(process.cwd(), switched.file);
      if (options.json === true) printJson({ ...switched, file, dryRun });
      else {
        const { tenantLines } = await import("../../config/render.ts");
        const { switchText } = await import("../../report/tenants.ts");
        await printText(switchText(switched, file, tenantLines(switched.tenants), dryRun));
      }
      finish(exitCode.done);
    });
}

function grantCommand(command: Command, finish: Finish): Command {
  return command
    .description("give the application's role access to the schemas of tenants")
    .argument("[id...]", "the tenants' ids")
    .option("--all", "every tenant, and the schemas of services with a single one")
    .action(async (ids: string[], options: CommonOptions & { readonly all?: boolean }) => {
      const { grantTenants } = await import("../../operations/grant-tenants.ts");
      const all = options.all === true;
      if (all === ids.length > 0)
        throw new FleetError("usage", "tenants grant needs tenant ids, or --all", {
          remedy: "Run: drizzle-fleet tenants grant --all",
        });
      const { granted, failed } = await grantTenants(await createContext(options), {
        ...{ tenants: ids, all },
      });
      await printResult(
        options,
        { granted },
        `The application may use the schemas of ${granted.length} of ${counted(granted.length + failed.length, "tenant")}.`,
      );
      throwProblems(
        failed.map(({ error }) => error),
        "the application cannot use all of the schemas",
      );
      finish(exitCode.done);
    });
}

/** Verbs that need nothing but a tenant's name. */
function lifeCommand(command: Command, finish: Finish, what: string, done: string): Command {
  return command
    .description(what)
    .argument("<id>", "the tenant's id")
    .action(async (tenant: string, options: CommonOptions) => {
      const life = await import("../../operations/archive-tenant.ts");
      const operations = {
        archive: life.archiveTenant,
        restore: life.restoreTenant,
      };
      const operation = operations[command.name() as keyof typeof operations];
      await operation(await createContext(options), { tenant });
      await printResult(options, { tenant, done: command.name() }, done);
      finish(exitCode.done);
    });
}

function removeCommand(command: Command, finish: Finish): Command {
  return command
    .description("drop all that is a tenant's, with its data")
    .argument("<id>", "the tenant's id")
    .option("-y, --yes", "do not ask")
    .option("--dump <file>", "export it first, to a new file (.gz: packed)")
    .action(async (tenant: string, options: RemoveOptions) => {
      const { planRemoval, removeTenant } = await import("../../operations/remove-tenant.ts");
      const context = await createContext(options);
      if (options.yes !== true)
        await confirmRemoval(tenant, await planRemoval(context, { tenant }));
      const { dump } = options;
      await removeTenant(context, { tenant, ...(dump === undefined ? {} : { dump }) });
      const kept = dump === undefined ? "" : `; it is in ${dump}`;
      await printResult(options, { tenant, done: "remove" }, `Tenant ${tenant} is gone${kept}.`);
      finish(exitCode.done);
    });
}

async function confirmRemoval(tenant: string, { status, schemas }: Removal): Promise<void> {
  if (!canAsk())
    throw new FleetError("usage", "there is no terminal to ask on", {
      remedy: "Add --yes, if all of the tenant's data may go. Nothing was changed.",
    });
  const { shortList } = await import("../../core/count.ts");
  const where = schemas.length === 0 ? "it has no schemas" : shortList(schemas);
  await printText(
    `This permanently deletes all data of tenant ${tenant} (${status}): ${where}.`,
    process.stderr,
  );
  if ((await askLine("Type its id to confirm: ")) === tenant) return;
  throw new FleetError("usage", `that is not ${tenant}`, { remedy: "Nothing was changed." });
}

/** A password from standard input, the secret ADMIN_PASSWORD or the terminal; without one the admin is invited. */
async function adminOf(
  { adminEmail: email, adminPasswordStdin }: AddOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<NewAdmin | undefined> {
  if (email === undefined) {
    if (adminPasswordStdin !== true) return undefined;
    throw new FleetError("usage", "--admin-password-stdin is for --admin-email alone", {
      remedy: "Say whose password it is, with --admin-email.",
    });
  }
  const { getSecret, addSecret } = await import("../../config/secrets.ts");
  const password =
    adminPasswordStdin === true
      ? await readInput()
      : (getSecret("ADMIN_PASSWORD", environment) ??
        (canAsk() ? await askSecret(`Password of ${email} (empty: invite): `) : undefined));
  if (password === undefined || password === "") return { email };
  addSecret(password);
  return { email, password };
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  const bytes = Buffer.concat(chunks);
  // Other bytes would become another character, and the password one that cannot be typed.
  if (!isUtf8(bytes))
    throw new FleetError("usage", "the password on standard input is not in UTF-8", {
      remedy: "Send it as UTF-8.",
    });
  return bytes.toString("utf8").replace(/\r?\n$/, "");
}
