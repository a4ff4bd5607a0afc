"""What a night leaves in its folder: pure renderers, and the one place that writes them."""
