import { Command, Option } from "commander";
import type { Ask, Choice, Decisions } from "../../autogenerate/decisions.ts";
import {
  addCommonOptions,
  addServices,
  collect,
  createContext,
  type Finish,
  type ServiceOptions,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { footer } from "../help.ts";
import { printJson, printText } from "../output.ts";
import { askLine, askYes, canAsk } from "../prompt.ts";

interface GenerateCommandOptions extends ServiceOptions {
  readonly name?: string;
  readonly custom?: boolean;
  readonly dryRun?: boolean;
  readonly byHand?: boolean;
  readonly proof?: boolean;
  readonly database?: string;
  readonly rename?: string[];
  readonly drop?: string[];
  readonly down?: boolean;
  readonly accept?: boolean;
  readonly prove?: boolean;
  readonly snapshot?: boolean;
  readonly reworded?: boolean;
}

/** Options that say something about a new migration. */
const ofMigrations = ["name", "custom", "byHand", "rename", "drop"];

export function generateCommand(finish: Finish): Command {
  return addServices(addCommonOptions(new Command("generate")))
    .description("write one migration, with its down, for each service whose schema changed")
    .option("-n, --name <name>", "migration name (after the number)")
    .addOption(
      new Option("--custom", "write an empty migration to fill in, such as a backfill").conflicts([
        "rename",
        "drop",
      ]),
    )
    .option("--dry-run", "show what would be written")
    .option("--by-hand", "write SQL that is refused or incomplete, to finish it by hand")
    .option("--no-proof", "do not try the migration and its down on a server first")
    .option("--database <url>", "database to try it in, in scratch schemas (default: embedded)")
    .option("--rename <what>", "kind:old=new, column:table.old=new (repeat for more)", collect)
    .option("--drop <what>", "kind:old, column:table.old: dropped, not renamed (repeat)", collect)
    .addOption(
      new Option("--down", "write the downs that are missing, and no migration").conflicts([
        "accept",
        ...ofMigrations,
      ]),
    )
    .addOption(
      new Option(
        "--prove",
        "prove the whole history on a server and record it; write no migration",
      ).conflicts(["accept", "down", "dryRun", ...ofMigrations]),
    )
    .addOption(
      new Option(
        "--reworded",
        "record a schema that is only spelled differently, without SQL; proved on a server",
      ).conflicts(["accept", "down", "prove", "custom", "byHand", "rename", "drop"]),
    )
    .addOption(
      new Option(
        "--accept",
        "record edited migrations as they are, and write no migration",
      ).conflicts(["dryRun", ...ofMigrations]),
    )
    .addOption(
      new Option(
        "--snapshot",
        "write the newest migration's missing snapshot from the schema; write no migration",
      ).conflicts(["accept", "down", "prove", ...ofMigrations]),
    )
    .addHelpText(
      "after",
      footer(`
Kinds: table, column, enum, view, sequence, policy. On a terminal, generate asks
what was renamed, and before it drops several tables at once. Without one, answer
with --rename and --drop; otherwise the command is refused.
Exit code 3 when a file is left to finish by hand.`),
    )
    .action(async (_: string[], options: GenerateCommandOptions, command: Command) => {
      const { service: services = [] } = options;
      if (options.custom === true && services.length === 0)
        command.error("error: --custom needs a service");
      if (options.accept === true) {
        await accept(services, options);
        return finish(exitCode.done);
      }
      if (options.snapshot === true) {
        await writeSnapshots(services, options);
        return finish(exitCode.done);
      }
      if (options.prove === true)
        return finish((await prove(services, options)) ? exitCode.done : exitCode.found);
      const { down, reworded } = options;
      const write =
        down === true ? writeDowns : reworded === true ? writeReworded : writeMigrations;
      finish((await write(services, options)) ? exitCode.found : exitCode.done);
    });
}

/** True when something is left to finish. */
async function writeMigrations(
  services: readonly string[],
  options: GenerateCommandOptions,
): Promise<boolean> {
  const { generate } = await import("../../operations/generate.ts");
  const { generatedText } = await import("../../report/generate.ts");
  const dryRun = options.dryRun === true;
  const generated = await generate(await createContext(options, "ends"), {
    services,
    name: options.name,
    custom: options.custom === true,
    dryRun,
    byHand: options.byHand === true,
    proof: options.proof !== false,
    database: options.database,
    decisions: await decisionsOf(options),
    ask: canAsk() ? ask : undefined,
    confirm: canAsk() ? askYes : undefined,
  });
  if (options.json === true) printJson({ dryRun, generated });
  else await printText(generatedText(generated, dryRun));
  return generated.some(({ migration }) => migration?.unfinished === true);
}

/** As `writeMigrations`. */
async function writeReworded(
  services: readonly string[],
  options: GenerateCommandOptions,
): Promise<boolean> {
  const { generateReworded } = await import("../../operations/generate-reworded.ts");
  const { generatedText } = await import("../../report/generate.ts");
  const { name, database } = options;
  const dryRun = options.dryRun === true;
  const context = await createContext(options, "ends");
  const generated = await generateReworded(context, { services, name, dryRun, database });
  if (options.json === true) printJson({ dryRun, generated });
  else await printText(generatedText(generated, dryRun));
  return false;
}

async function writeDowns(
  services: readonly string[],
  options: GenerateCommandOptions,
): Promise<boolean> {
  const { generateDowns } = await import("../../operations/generate-downs.ts");
  const { downsText } = await import("../../report/generate.ts");
  const dryRun = options.dryRun === true;
  const { proof, database } = options;
  const context = await createContext(options, "ends");
  const downs = await generateDowns(context, services, dryRun, {
    proof: proof !== false,
    database,
  });
  if (options.json === true) printJson({ dryRun, downs });
  else await printText(downsText(downs, dryRun));
  return downs.some(({ unfinished }) => unfinished);
}

async function writeSnapshots(
  services: readonly string[],
  options: GenerateCommandOptions,
): Promise<void> {
  const { generateSnapshots } = await import("../../operations/generate-snapshot.ts");
  const { snapshotsText } = await import("../../report/generate.ts");
  const dryRun = options.dryRun === true;
  const snapshots = await generateSnapshots(await createContext(options), services, dryRun);
  if (options.json === true) printJson({ dryRun, snapshots });
  else await printText(snapshotsText(snapshots));
}

/** True when all holds. */
async function prove(
  services: readonly string[],
  options: GenerateCommandOptions,
): Promise<boolean> {
  const { proveAndRecord } = await import("../../operations/generate-prove.ts");
  const { provedText } = await import("../../report/generate.ts");
  const proved = await proveAndRecord(
    await createContext(options, "ends"),
    services,
    options.database,
  );
  if (options.json === true)
    printJson({
      proved: proved.map(({ service, findings, recorded }) => ({
        service,
        recorded,
        findings: findings.map(({ problem: { code, message, where, excerpt, remedy } }) => ({
          code,
          message,
          where,
          excerpt,
          remedy,
        })),
      })),
    });
  else await printText(provedText(proved));
  return proved.every(({ findings }) => findings.length === 0);
}

async function accept(services: readonly string[], options: GenerateCommandOptions): Promise<void> {
  const { acceptEdited } = await import("../../operations/generate-accept.ts");
  const accepted = await acceptEdited(await createContext(options, "ends"), services);
  if (options.json === true) printJson({ accepted });
  else
    for (const { service, file } of accepted)
      await printText(`${service}: the migrations are recorded as they are now, in ${file}`);
}

async function decisionsOf({ rename = [], drop = [] }: GenerateCommandOptions): Promise<Decisions> {
  const { parseDrop, parseRename } = await import("../../autogenerate/decisions.ts");
  return { renames: rename.map(parseRename), drops: drop.map(parseDrop) };
}

const ask: Ask = async ({ service, kind, table, removed, added }: Choice) => {
  const of = (name: string) => (table === undefined ? name : `${table}.${name}`);
  const answers = [
    ...added.map((name) => `renamed to ${of(name)}`),
    added.length === 1 ? `dropped, and ${of(added[0] ?? "")} is new` : "dropped",
  ];
  const lines = answers.map((answer, index) => `  ${index + 1}) ${answer}`);
  await printText(
    `${service}: ${kind} ${of(removed)} is no longer in the schema. It was\n${lines.join("\n")}`,
    process.stderr,
  );
  for (;;) {
    const answer = await askLine(`1 to ${answers.length}? `);
    const index = Number(answer) - 1;
    if (answer !== "" && index in answers) return added[index];
  }
};
