"""What a provider is told: only of its own people, and only what it needs to recognise them."""
