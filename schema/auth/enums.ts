import { pgEnum } from "drizzle-orm/pg-core";

export const organisationPlan = pgEnum("organisation_plan", ["free", "team", "enterprise"]);

export const userStatus = pgEnum("user_status", ["pending", "active", "locked", "suspended"]);

export const credentialType = pgEnum("credential_type", [
  "password",
  "totp",
  "webauthn",
  "recovery_code",
]);

export const oauthProvider = pgEnum("oauth_provider", ["google", "github", "microsoft"]);

export const invitationStatus = pgEnum("invitation_status", [
  "pending",
  "accepted",
  "declined",
  "revoked",
]);
