ALTER TYPE "public"."trigger_kind" ADD VALUE 'email' BEFORE 'api';
