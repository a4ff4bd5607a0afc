"""The revisions, oldest first; written by hand, and never changed once released."""
