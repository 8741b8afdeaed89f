ALTER TYPE "public"."credential_type" ADD VALUE 'sms' BEFORE 'webauthn';
