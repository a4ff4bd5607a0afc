"""Files by SFTP: a connection that trusts nobody, and an inbox from which each file is taken once.

The way up: `place` says where, `session` is one connection, `line` makes it anew after what can
pass, `inbox` lists and fetches, `collecting` is the night's round, `checking` what `cpli check`
asks. `faults` is the only one that knows what paramiko's errors mean.
"""
