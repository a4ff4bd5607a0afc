"""The pages on which people settle discrepancies, and the interface for councils' systems."""
