"""Speed and memory, as ratios to the floor measured in the same run: `make bench`."""
