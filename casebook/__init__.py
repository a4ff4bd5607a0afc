"""The record of nights: what each source gave, and the discrepancies that each night found."""
