-- PostgreSQL: the view from which cpli reads a council's care package line items (CPLIs).
--
-- For the council's database administrator. Three things are yours to change:
--   1. finance.care_package_line: your own table, or several joined;
--   2. what stands to the left of AS: your own columns. A column that you do not have is
--      written NULL. The names to the right of AS stay. A column that holds text, and not
--      always a date or number, is left without CAST: cpli then judges it row by row, where a
--      CAST that fails would hold back all rows.
--   3. the password, which you set with \password cpli_reader.
-- All lines of all persons belong into the view, ended, draft and cancelled ones too: providers'
-- entries are looked up among them. Dates with a time carry their zone.

CREATE SCHEMA cpli_feed;

CREATE VIEW cpli_feed.cpli AS
SELECT
  CAST(line.cpli_id AS text) AS cpli_id,
  CAST(line.person_id AS text) AS person_id,
  CAST(line.nhs_number AS text) AS nhs_number,
  CAST(line.family_name AS text) AS family_name,
  CAST(line.given_name AS text) AS given_name,
  CAST(line.date_of_birth AS date) AS date_of_birth,
  CAST(line.provider_id AS text) AS provider_id,
  CAST(line.service_type AS text) AS service_type,
  CAST(line.start_date AS date) AS start_date,
  CAST(line.end_date AS date) AS end_date,
  CAST(line.weekly_quantity AS numeric(12, 4)) AS weekly_quantity,
  CAST(line.unit AS text) AS unit,
  CAST(line.authorisation AS text) AS authorisation,
  CAST(line.created_at AS timestamptz) AS created_at,
  CAST(line.service_category AS text) AS service_category,
  CAST(line.service_description AS text) AS service_description,
  CAST(line.updated_at AS timestamptz) AS updated_at,
  CAST(line.commissioning_team AS text) AS commissioning_team,
  CAST(line.commissioning_worker AS text) AS commissioning_worker
FROM finance.care_package_line AS line;

-- The login may read this one view, as its owner reads the tables below it, and nothing else.
CREATE ROLE cpli_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 4;
ALTER ROLE cpli_reader SET default_transaction_read_only = on;
GRANT USAGE ON SCHEMA cpli_feed TO cpli_reader;
GRANT SELECT ON cpli_feed.cpli TO cpli_reader;

-- Every reading sees one moment (REPEATABLE READ, READ ONLY); nothing needs to be set for that.
