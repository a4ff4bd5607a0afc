"""Tells others of a night by OpenLineage: where it got its data, and where it put what it found.

The way up: `facts` is what a night has to tell, `events` says it in OpenLineage's words, `place` is
where events go, and `telling` takes them there. `events` and `telling` import OpenLineage's client,
which takes half a second: only who tells anybody imports them.
"""
