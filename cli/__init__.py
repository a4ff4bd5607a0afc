"""The `cpli` command: arguments come in here, and errors become sentences and exit codes."""
