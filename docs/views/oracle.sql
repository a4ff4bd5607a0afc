-- Oracle: the view from which cpli reads a council's care package line items (CPLIs).
--
-- For the council's database administrator. Three things are yours to change:
--   1. finance.care_package_line: your own table, or several joined;
--   2. what stands to the left of AS: your own columns. A column that you do not have is
--      written NULL. The names to the right of AS stay. A column that holds text, and not
--      always a date or number, is left without CAST: cpli then judges it row by row, where a
--      CAST that fails would hold back all rows.
--   3. the password in angle brackets.
-- All lines of all persons belong into the view, ended, draft and cancelled ones too: providers'
-- entries are looked up among them. Dates with a time are taken for London's.

-- Run as the owner of a schema of its own, to whom the finance system has granted SELECT on its
-- table WITH GRANT OPTION.
CREATE VIEW cpli_feed.cpli AS
SELECT
  CAST(line.cpli_id AS varchar2(4000)) AS cpli_id,
  CAST(line.person_id AS varchar2(4000)) AS person_id,
  CAST(line.nhs_number AS varchar2(4000)) AS nhs_number,
  CAST(line.family_name AS varchar2(4000)) AS family_name,
  CAST(line.given_name AS varchar2(4000)) AS given_name,
  CAST(line.date_of_birth AS date) AS date_of_birth,
  CAST(line.provider_id AS varchar2(4000)) AS provider_id,
  CAST(line.service_type AS varchar2(4000)) AS service_type,
  CAST(line.start_date AS date) AS start_date,
  CAST(line.end_date AS date) AS end_date,
  CAST(line.weekly_quantity AS number(12, 4)) AS weekly_quantity,
  CAST(line.unit AS varchar2(4000)) AS unit,
  CAST(line.authorisation AS varchar2(4000)) AS authorisation,
  CAST(line.created_at AS timestamp(0)) AS created_at,
  CAST(line.service_category AS varchar2(4000)) AS service_category,
  CAST(line.service_description AS varchar2(4000)) AS service_description,
  CAST(line.updated_at AS timestamp(0)) AS updated_at,
  CAST(line.commissioning_team AS varchar2(4000)) AS commissioning_team,
  CAST(line.commissioning_worker AS varchar2(4000)) AS commissioning_worker
FROM finance.care_package_line line;

-- The login may read this one view, and nothing else.
CREATE USER cpli_reader IDENTIFIED BY "<password>";
GRANT CREATE SESSION TO cpli_reader;
GRANT SELECT ON cpli_feed.cpli TO cpli_reader;

-- Every reading sees one moment (SET TRANSACTION READ ONLY); nothing needs to be set for that but
-- enough undo: where ORA-01555 comes up, raise UNDO_RETENTION above the minutes of a reading.
