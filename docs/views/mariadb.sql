-- MariaDB: the view from which cpli reads a council's care package line items (CPLIs).
--
-- For the council's database administrator. Three things are yours to change:
--   1. finance.care_package_line: your own table, or several joined;
--   2. what stands to the left of AS: your own columns. A column that you do not have is
--      written NULL. The names to the right of AS stay. A column that holds text, and not
--      always a date or number, is left without CAST: cpli then judges it row by row, where a
--      CAST that fails would hold back all rows.
--   3. the password and the host in angle brackets.
-- All lines of all persons belong into the view, ended, draft and cancelled ones too: providers'
-- entries are looked up among them. Dates with a time are taken for London's.

CREATE DATABASE cpli_feed;

CREATE SQL SECURITY DEFINER VIEW cpli_feed.cpli AS
SELECT
  CAST(line.cpli_id AS char(4000)) AS cpli_id,
  CAST(line.person_id AS char(4000)) AS person_id,
  CAST(line.nhs_number AS char(4000)) AS nhs_number,
  CAST(line.family_name AS char(4000)) AS family_name,
  CAST(line.given_name AS char(4000)) AS given_name,
  CAST(line.date_of_birth AS date) AS date_of_birth,
  CAST(line.provider_id AS char(4000)) AS provider_id,
  CAST(line.service_type AS char(4000)) AS service_type,
  CAST(line.start_date AS date) AS start_date,
  CAST(line.end_date AS date) AS end_date,
  CAST(line.weekly_quantity AS decimal(12, 4)) AS weekly_quantity,
  CAST(line.unit AS char(4000)) AS unit,
  CAST(line.authorisation AS char(4000)) AS authorisation,
  CAST(line.created_at AS datetime) AS created_at,
  CAST(line.service_category AS char(4000)) AS service_category,
  CAST(line.service_description AS char(4000)) AS service_description,
  CAST(line.updated_at AS datetime) AS updated_at,
  CAST(line.commissioning_team AS char(4000)) AS commissioning_team,
  CAST(line.commissioning_worker AS char(4000)) AS commissioning_worker
FROM finance.care_package_line AS line;

-- The login may read this one view, as its definer reads the tables below it, and nothing else.
CREATE USER 'cpli_reader'@'<host of cpli>' IDENTIFIED BY '<password>' REQUIRE SSL
  WITH MAX_USER_CONNECTIONS 4;
GRANT SELECT ON cpli_feed.cpli TO 'cpli_reader'@'<host of cpli>';

-- Every reading sees one moment (START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY). That
-- holds for InnoDB tables alone: tables of another engine must be converted.
