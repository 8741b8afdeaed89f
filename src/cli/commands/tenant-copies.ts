import { type Command, Option } from "commander";
import { type CommonOptions, createContext, type Finish } from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printResult, printText, writeLine } from "../output.ts";
import {
  type Attributes,
  attribute,
  type NewOptions,
  newOptions,
  newTenantOf,
  observerFor,
} from "../tenant-options.ts";

/**
 * The verbs that take a tenant as a whole somewhere else: to another name, another tenant, a file.
 *
 * @param verb begins a command of this name
 */
export function copyCommands(verb: (name: string) => Command, finish: Finish): Command[] {
  return [
    renameCommand(verb("rename"), finish),
    cloneCommand(verb("clone"), finish),
    exportCommand(verb("export"), finish),
    importCommand(verb("import"), finish),
  ];
}

function renameCommand(command: Command, finish: Finish): Command {
  return command
    .description("give a tenant another id, and its schemas their names")
    .argument("<id>", "the tenant's id")
    .argument("<new-id>", "the id that it is to have")
    .action(async (tenant: string, to: string, options: CommonOptions) => {
      const { renameTenant } = await import("../../operations/rename-tenant.ts");
      await renameTenant(await createContext(options), { tenant, to });
      await printResult(options, { tenant, to, done: "rename" }, `Tenant ${tenant} is ${to} now.`);
      finish(exitCode.done);
    });
}

interface CloneOptions extends CommonOptions {
  readonly attribute?: Attributes;
  readonly schemaOnly?: boolean;
}

function cloneCommand(command: Command, finish: Finish): Command {
  return command
    .description("make a tenant like another one, in the same databases")
    .argument("<id>", "the tenant to copy")
    .argument("<new-id>", "the id of the new one")
    .addOption(new Option("--with-data", "with all of its rows (default)").conflicts("schemaOnly"))
    .option("--schema-only", "with empty tables")
    .option("--attribute <name=value>", "an attribute of the new one (repeat for more)", attribute)
    .action(async (tenant: string, to: string, options: CloneOptions) => {
      const { cloneTenant } = await import("../../operations/clone-tenant.ts");
      const withData = options.schemaOnly !== true;
      const { attribute: attributes } = options;
      const context = await createContext(options);
      const observe = await observerFor(options);
      await cloneTenant(
        context,
        { tenant, to, withData, ...(attributes === undefined ? {} : { attributes }) },
        observe,
      );
      if (options.json === true) writeLine({ type: "tenantCloned", tenant, to, withData });
      else
        await printText(
          `Tenant ${to} is active, ${withData ? `with the data of ${tenant}` : "with empty tables"}.`,
        );
      finish(exitCode.done);
    });
}

function exportCommand(command: Command, finish: Finish): Command {
  return command
    .description("write all that is a tenant's to a file, with its ledgers")
    .argument("<id>", "the tenant's id")
    .argument("<file>", "a file that is not there yet (.gz: packed)")
    .action(async (tenant: string, file: string, options: CommonOptions) => {
      const { exportTenant } = await import("../../operations/export-tenant.ts");
      await exportTenant(await createContext(options), { tenant, file });
      await printResult(
        options,
        { tenant, file, done: "export" },
        `Tenant ${tenant} is in ${file}.`,
      );
      finish(exitCode.done);
    });
}

interface ImportOptions extends NewOptions {
  readonly as?: string;
  readonly acceptUnproved?: boolean;
}

function importCommand(command: Command, finish: Finish): Command {
  return newOptions(command)
    .description("make a tenant from an exported file, whose SQL is proved like a migration's")
    .argument("<file>", "what tenants export wrote")
    .option("--as <id>", "another id than in the file")
    .option(
      "--accept-unproved",
      "run functions of the file that cannot be proved to stay in the tenant",
    )
    .action(async (file: string, options: ImportOptions) => {
      const { importTenant } = await import("../../operations/import-tenant.ts");
      const context = await createContext(options);
      const tenant = await importTenant(
        context,
        {
          ...{ file, ...newTenantOf(options) },
          ...(options.as === undefined ? {} : { tenant: options.as }),
          acceptUnproved: options.acceptUnproved === true,
        },
        await observerFor(options),
      );
      if (options.json === true) writeLine({ type: "tenantImported", tenant, file });
      else
        await printText(
          `Tenant ${tenant} is active, with the migrations that the file has.\n-> What it misses: drizzle-fleet status --tenant ${tenant}`,
        );
      finish(exitCode.done);
    });
}
