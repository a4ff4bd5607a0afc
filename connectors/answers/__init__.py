"""Providers' answers: the workbooks of notices that came back, read and checked row by row."""
