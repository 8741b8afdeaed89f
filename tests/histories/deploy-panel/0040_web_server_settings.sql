-- everything in one go
CREATE TABLE public."webServerSettings" (
	id text NOT NULL DEFAULT 'public.settings',
	"enableDockerCleanup" boolean DEFAULT true NOT NULL,
	"metricsConfig" jsonb DEFAULT '{"server": {"cron": "* * * * *", "port": 4500}, "public.": []}'::jsonb NOT NULL,
	PRIMARY KEY (id)
);
INSERT INTO public."webServerSettings" DEFAULT VALUES RETURNING public."webServerSettings".id;
