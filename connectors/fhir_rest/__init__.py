"""Exports to a FHIR server by REST: each resource is taken once, though anything may die between.

The way up: `place` says where, `line` is one request and its answer, `answers` reads Bundles and
OperationOutcomes, `orders` cuts an export into batches, `holding` asks what the server holds and
whether that is ours, `receiver` delivers, `checking` is what `cpli check` asks. `faults` is the
only one that knows what httpx's errors and HTTP's statuses mean.
"""
