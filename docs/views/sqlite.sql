-- SQLite: the view from which cpli reads a council's care package line items (CPLIs).
--
-- For the council's database administrator. Three things are yours to change:
--   1. care_package_line: your own table, or several joined;
--   2. what stands to the left of AS: your own columns. A column that you do not have is
--      written NULL. The names to the right of AS stay. A column that holds text, and not
--      always a date or number, is left without CAST: cpli then judges it row by row, where a
--      CAST that fails would hold back all rows.
--   3. nothing else.
-- All lines of all persons belong into the view, ended, draft and cancelled ones too: providers'
-- entries are looked up among them. Dates with a time are taken for London's.

CREATE VIEW cpli AS
SELECT
  CAST(line.cpli_id AS text) AS cpli_id,
  CAST(line.person_id AS text) AS person_id,
  CAST(line.nhs_number AS text) AS nhs_number,
  CAST(line.family_name AS text) AS family_name,
  CAST(line.given_name AS text) AS given_name,
  CAST(line.date_of_birth AS text) AS date_of_birth,
  CAST(line.provider_id AS text) AS provider_id,
  CAST(line.service_type AS text) AS service_type,
  CAST(line.start_date AS text) AS start_date,
  CAST(line.end_date AS text) AS end_date,
  CAST(line.weekly_quantity AS text) AS weekly_quantity,
  CAST(line.unit AS text) AS unit,
  CAST(line.authorisation AS text) AS authorisation,
  CAST(line.created_at AS text) AS created_at,
  CAST(line.service_category AS text) AS service_category,
  CAST(line.service_description AS text) AS service_description,
  CAST(line.updated_at AS text) AS updated_at,
  CAST(line.commissioning_team AS text) AS commissioning_team,
  CAST(line.commissioning_worker AS text) AS commissioning_worker
FROM care_package_line AS line;

-- SQLite has no logins: the file's permissions decide. Let the account that runs cpli read the file
-- and its folder, and not write. cpli opens it read-only and begins one transaction for all that it
-- reads. With PRAGMA journal_mode = WAL, writers do not wait for it.
