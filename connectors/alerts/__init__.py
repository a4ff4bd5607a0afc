"""Alerts by email (SMTP) and by a webhook: the same message has the same id, however often it goes.

The way up: `place` says where both are and who we are there, `telling` is what is said, `mailbox`
and `hook` send it. `faults` is the only one that knows what their errors mean.
"""
