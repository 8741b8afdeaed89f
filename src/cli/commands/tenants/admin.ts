import { isUtf8 } from "node:buffer";
import { FleetError } from "../../../core/errors.ts";
import type { NewAdmin } from "../../../tenancy/admin.ts";
import { askSecret, canAsk } from "../../prompt.ts";

/** Options of the tenant's first user. */
export interface AdminOptions {
  readonly adminEmail?: string;
  readonly adminPasswordStdin?: boolean;
}

/**
 * The tenant's first user, with a password from standard input, from the secret ADMIN_PASSWORD or from the terminal.
 * Without a password the user is invited.
 *
 * @throws FleetError `usage` for a password without a user, and for one that is not UTF-8
 */
export async function adminOf(
  { adminEmail: email, adminPasswordStdin }: AdminOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<NewAdmin | undefined> {
  if (email === undefined) {
    if (adminPasswordStdin !== true) return undefined;
    throw new FleetError("usage", "--admin-password-stdin requires --admin-email", {
      remedy: "Add --admin-email with the user's email address.",
    });
  }
  const { getSecret, addSecret } = await import("../../../config/secrets.ts");
  const password =
    adminPasswordStdin === true
      ? await readInput()
      : (getSecret("ADMIN_PASSWORD", environment) ??
        (canAsk()
          ? await askSecret(`Password for ${email} (leave empty to invite the user): `)
          : undefined));
  if (password === undefined || password === "") return { email };
  addSecret(password);
  return { email, password };
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  const bytes = Buffer.concat(chunks);
  // Decoding would replace invalid bytes, and the resulting password could never be typed.
  if (!isUtf8(bytes))
    throw new FleetError("usage", "the password on standard input is not valid UTF-8", {
      remedy: "Encode the password as UTF-8.",
    });
  return bytes.toString("utf8").replace(/\r?\n$/, "");
}
