"""Exports laid into a drop, by SFTP or in a folder: each whole, once, and its manifest last.

The way up: `shelf` says what a drop can do, `in_folder` and `over_sftp` do it, `laying` holds the
steps of a delivery, `answers` reads acknowledgements, `drop` is the receiver, `checking` what
`cpli check` asks. `faults` says in plain words what is wrong with a drop.
"""
