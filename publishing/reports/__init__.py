"""Reports that councils read: a page and a workbook of one night, rendered from its facts."""
