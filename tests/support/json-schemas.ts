import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect } from "vitest";
import { repository } from "./repository.ts";

type Schema = Record<string, unknown>;

const isIsoTime = (text: string) => new Date(text).toISOString() === text;

const ajv = new Ajv({
  allErrors: true,
  allowUnionTypes: true,
  formats: { "date-time": isIsoTime },
});

/** The schema, but without properties that it does not describe: a new one must get into its type. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const parts = Object.entries(schema as Schema).map(([key, value]) => [key, closed(value)]);
  const isClosed = "properties" in schema && !("additionalProperties" in schema);
  return { ...Object.fromEntries(parts), ...(isClosed ? { additionalProperties: false } : {}) };
}

const validators = new Map<string, ReturnType<Ajv["compile"]>>();

function validatorOf(name: string) {
  const path = join(repository, `docs/schemas/${name}.json`);
  const validator =
    validators.get(name) ?? ajv.compile(closed(JSON.parse(readFileSync(path, "utf8"))) as Schema);
  validators.set(name, validator);
  return validator;
}

/** What `docs/schemas/<name>.json` objects to in a document. */
export function objectionsTo(name: string, document: unknown): string[] {
  const validate = validatorOf(name);
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [instancePath, message, JSON.stringify(params)].join(" "),
  );
}

/** Checks a document against its schema, and that the schema requires its properties and no others. */
export function expectDocument(name: string, document: Schema): void {
  expect(objectionsTo(name, document), `${name}: ${JSON.stringify(document)}`).toEqual([]);
  expect(objectionsTo(name, { ...document, surplus: true })).not.toEqual([]);
  expect(objectionsTo(name, {})).not.toEqual([]);
}
