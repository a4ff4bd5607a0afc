"""Is tonight plausible: figures of the sources and of the result, and the gates that judge them."""
