"""The order of work of a night: read, reconcile, record, write; with retries and a schedule."""
