CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
ALTER TYPE mood ADD VALUE 'curious' BEFORE 'happy';
CREATE TABLE moods (a mood DEFAULT 'sad', b mood[]);
INSERT INTO moods VALUES ('it''s ok', '{sad,happy}');
