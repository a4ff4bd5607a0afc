"""Where sources come from: cells are handed over as text, and faults are translated once."""
