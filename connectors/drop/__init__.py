"""Exports and notices laid into a drop, by SFTP or in a folder: each whole, and once.

The way up: `shelf` says what a drop can do, `in_folder` and `over_sftp` do it, `laying` holds the
steps of a delivery, `answers` reads acknowledgements, `drop` is the receiver of exports, whose
manifests come last, `handing` lays notices into folders, `checking` is what `cpli check` asks.
`faults` says in plain words what is wrong with a drop.
"""
