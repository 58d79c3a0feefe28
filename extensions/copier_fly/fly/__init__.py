"""What Fly.io offers and how its fly.toml is read."""
