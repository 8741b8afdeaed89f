import { type Command, InvalidArgumentError } from "commander";
import type { OnboardingObserver } from "../core/onboarding.ts";
import type { CommonOptions } from "./context.ts";
import { writeLine, writeNote } from "./output.ts";

export type Attributes = Readonly<Record<string, string>>;

/** What can be said of every tenant that is made. */
export interface NewOptions extends CommonOptions {
  readonly attribute?: Attributes;
  readonly database?: string;
}

/** Adds the options of `NewOptions`. */
export function newOptions(command: Command): Command {
  return command
    .option("--attribute <name=value>", "an attribute (repeat for more)", attribute)
    .option("-d, --database <name>", "keep all that is the tenant's there");
}

/** What was said of a tenant that is to be made. */
export function newTenantOf({ attribute: attributes, database }: NewOptions): {
  attributes?: Attributes;
  database?: string;
} {
  return {
    ...(attributes === undefined ? {} : { attributes }),
    ...(database === undefined ? {} : { database }),
  };
}

/** Tells of the steps that make a tenant: lines on stderr, or events on stdout. */
export async function observerFor({ json }: CommonOptions): Promise<OnboardingObserver> {
  if (json === true) {
    const { maskSecrets } = await import("../config/secrets.ts");
    return (event) => {
      const at = new Date().toISOString();
      // A seed may have thrown anything.
      if (event.type === "stepFailed")
        writeLine({ at, ...event, message: maskSecrets(event.message) });
      else writeLine({ at, ...event });
    };
  }
  const { onboardingLine } = await import("../report/tenants.ts");
  return (event) => {
    const line = onboardingLine(event);
    if (line !== undefined) writeNote(`${line}\n`);
  };
}

/** Gathers name=value. */
export function attribute(text: string, previous: Attributes = {}): Attributes {
  const [, name, value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("Write it as name=value.");
  return { ...previous, [name]: value };
}
