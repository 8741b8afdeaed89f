// Timestamp columns that most of the tables share.
import { timestamp } from "drizzle-orm/pg-core";

export const timestamptz = <TName extends string>(name: TName) =>
  timestamp(name, { withTimezone: true });

export const createdAt = () => timestamptz("created_at").notNull().defaultNow();

/** Kept current by the `touch_updated_at` trigger, not by the application. */
export const updatedAt = () => timestamptz("updated_at").notNull().defaultNow();
