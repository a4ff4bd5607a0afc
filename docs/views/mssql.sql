-- SQL Server: the view from which cpli reads a council's care package line items (CPLIs).
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

CREATE SCHEMA cpli_feed AUTHORIZATION dbo;
GO
CREATE VIEW cpli_feed.cpli AS
SELECT
  CAST(line.cpli_id AS nvarchar(4000)) AS cpli_id,
  CAST(line.person_id AS nvarchar(4000)) AS person_id,
  CAST(line.nhs_number AS nvarchar(4000)) AS nhs_number,
  CAST(line.family_name AS nvarchar(4000)) AS family_name,
  CAST(line.given_name AS nvarchar(4000)) AS given_name,
  CAST(line.date_of_birth AS date) AS date_of_birth,
  CAST(line.provider_id AS nvarchar(4000)) AS provider_id,
  CAST(line.service_type AS nvarchar(4000)) AS service_type,
  CAST(line.start_date AS date) AS start_date,
  CAST(line.end_date AS date) AS end_date,
  CAST(line.weekly_quantity AS decimal(12, 4)) AS weekly_quantity,
  CAST(line.unit AS nvarchar(4000)) AS unit,
  CAST(line.authorisation AS nvarchar(4000)) AS authorisation,
  CAST(line.created_at AS datetime2(0)) AS created_at,
  CAST(line.service_category AS nvarchar(4000)) AS service_category,
  CAST(line.service_description AS nvarchar(4000)) AS service_description,
  CAST(line.updated_at AS datetime2(0)) AS updated_at,
  CAST(line.commissioning_team AS nvarchar(4000)) AS commissioning_team,
  CAST(line.commissioning_worker AS nvarchar(4000)) AS commissioning_worker
FROM finance.care_package_line AS line;
GO
-- The login may read this one view, and nothing else. The view's schema and the tables' must have
-- the same owner, or else SELECT would have to be granted on the tables too.
CREATE LOGIN cpli_reader WITH PASSWORD = '<password>', CHECK_POLICY = ON;
CREATE USER cpli_reader FOR LOGIN cpli_reader;
GRANT SELECT ON cpli_feed.cpli TO cpli_reader;
GO
-- Every reading sees one moment (SNAPSHOT isolation), and neither waits for writers nor holds them
-- up. This has to be allowed once; row versions then need some room in tempdb.
ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
-- If that cannot be: snapshot_isolation = false in cpli's configuration reads with SERIALIZABLE
-- isolation instead. Writers then wait until the reading, some minutes at night, has ended.
