"""Brings a database's tables to what `casebook.models` says, one revision after the other."""
