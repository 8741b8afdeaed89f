ALTER TYPE "{tenant}"."mood" ADD VALUE 'glad' BEFORE 'happy';
ALTER TYPE "{tenant}"."mood" ADD VALUE IF NOT EXISTS 'public.gloomy' AFTER 'sad';
