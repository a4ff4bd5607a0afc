"""The gates' results as a page and as data: pure renderers."""
