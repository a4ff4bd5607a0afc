"""The reconciliation rules: frames and a date in, frames out."""
