CREATE INDEX CONCURRENTLY "Booking_userId_idx" ON "public"."Booking" USING btree ("userId");
--> statement-breakpoint
CREATE INDEX CONCURRENTLY "Booking_eventTypeId_idx" ON "Booking" ("eventTypeId") WHERE "status" <> 'cancelled'::"public"."BookingStatus";
--> statement-breakpoint
CREATE INDEX CONCURRENTLY IF NOT EXISTS "Attendee_booking_idx" ON public."Attendee" ("booking.id") INCLUDE (email);
