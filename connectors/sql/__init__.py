"""Reads a council's tables from its database: read-only, of one moment, in chunks."""
