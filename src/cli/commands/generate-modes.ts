import type { Ask, Choice } from "../../autogenerate/decisions.ts";
import { createContext } from "../context.ts";
import type { ProofFlags } from "../options/proof.ts";
import type { ServiceOptions } from "../options/selection.ts";
import { printJson, printResult, printText } from "../output.ts";
import { askLine, askYes, canAsk } from "../prompt.ts";

export interface GenerateFlags extends ServiceOptions, ProofFlags {
  readonly name?: string;
  readonly custom?: boolean;
  readonly dryRun?: boolean;
  readonly byHand?: boolean;
  readonly rename?: string[];
  readonly drop?: string[];
  /** True without either option: commander's default for --no-split. */
  readonly split?: string | boolean;
  readonly down?: boolean;
  readonly accept?: boolean;
  readonly prove?: boolean;
  readonly snapshot?: boolean;
  readonly reworded?: boolean;
}

/** What each mode of `generate` returns: true unless something is left to do by hand. */
type Finished = Promise<boolean>;

export async function writeMigrations(options: GenerateFlags): Finished {
  const { parseDrop, parseRename } = await import("../../autogenerate/decisions.ts");
  const { generate } = await import("../../operations/generate.ts");
  const { generatedText } = await import("../../report/generate.ts");
  const { service: services = [], name, database, rename = [], drop = [] } = options;
  const dryRun = options.dryRun === true;
  const generated = await generate(await createContext(options, "end"), {
    ...{ services, name, dryRun, database },
    custom: options.custom === true,
    byHand: options.byHand === true,
    proof: options.proof !== false,
    split: options.split === true ? undefined : options.split,
    decisions: { renames: rename.map(parseRename), drops: drop.map(parseDrop) },
    ask: canAsk() ? ask : undefined,
    confirm: canAsk() ? askYes : undefined,
  });
  await printResult(options, { dryRun, generated }, generatedText(generated, dryRun));
  return generated.every(({ migration, contract }) =>
    [migration, contract].every((one) => one?.unfinished !== true),
  );
}

export async function writeReworded(options: GenerateFlags): Finished {
  const { generateReworded } = await import("../../operations/generate-reworded.ts");
  const { generatedText } = await import("../../report/generate.ts");
  const { service: services = [], name, database } = options;
  const dryRun = options.dryRun === true;
  const context = await createContext(options, "end");
  const generated = await generateReworded(context, { services, name, dryRun, database });
  await printResult(options, { dryRun, generated }, generatedText(generated, dryRun));
  return true;
}

export async function writeDowns(options: GenerateFlags): Finished {
  const { generateDowns } = await import("../../operations/generate-downs.ts");
  const { downsText } = await import("../../report/generate.ts");
  const { service: services = [], proof, database } = options;
  const dryRun = options.dryRun === true;
  const context = await createContext(options, "end");
  const downs = await generateDowns(context, services, dryRun, {
    proof: proof !== false,
    database,
  });
  await printResult(options, { dryRun, downs }, downsText(downs, dryRun));
  return downs.every(({ unfinished }) => !unfinished);
}

export async function writeSnapshots(options: GenerateFlags): Finished {
  const { generateSnapshots } = await import("../../operations/generate-snapshot.ts");
  const { snapshotsText } = await import("../../report/generate.ts");
  const dryRun = options.dryRun === true;
  const context = await createContext(options);
  const snapshots = await generateSnapshots(context, options.service ?? [], dryRun);
  await printResult(options, { dryRun, snapshots }, snapshotsText(snapshots));
  return true;
}

export async function runProve(options: GenerateFlags): Finished {
  const { proveAndRecord } = await import("../../operations/generate-prove.ts");
  const { provedText } = await import("../../report/generate.ts");
  const context = await createContext(options, "end");
  const proved = await proveAndRecord(context, options.service ?? [], options.database);
  const document = proved.map(({ service, findings, recorded }) => ({
    ...{ service, recorded },
    findings: findings.map(({ problem: { code, message, where, excerpt, remedy } }) => ({
      ...{ code, message, where, excerpt, remedy },
    })),
  }));
  await printResult(options, { proved: document }, provedText(proved));
  return proved.every(({ findings }) => findings.length === 0);
}

export async function acceptEditedMigrations(options: GenerateFlags): Finished {
  const { acceptEdited } = await import("../../operations/generate-accept.ts");
  const accepted = await acceptEdited(await createContext(options, "end"), options.service ?? []);
  if (options.json === true) printJson({ accepted });
  else
    for (const { service, file } of accepted)
      await printText(`${service}: recorded the current checksums of its migrations in ${file}`);
  return true;
}

const ask: Ask = async ({ service, kind, table, removed, added }: Choice) => {
  const nameOf = (name: string) => (table === undefined ? name : `${table}.${name}`);
  const answers = [
    ...added.map((name) => `renamed to ${nameOf(name)}`),
    added.length === 1 ? `dropped, and ${nameOf(added[0] ?? "")} is new` : "dropped",
  ];
  const lines = answers.map((answer, index) => `  ${index + 1}) ${answer}`);
  await printText(
    `${service}: ${kind} ${nameOf(removed)} is no longer in the schema. It was:\n${lines.join("\n")}`,
    process.stderr,
  );
  for (;;) {
    const answer = await askLine(`Choose 1-${answers.length}: `);
    const index = Number(answer) - 1;
    if (answer !== "" && index in answers) return added[index];
  }
};
