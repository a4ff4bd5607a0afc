"""One frozen `Settings`, built once when a command starts."""
