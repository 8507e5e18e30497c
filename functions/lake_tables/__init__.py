"""Creates and evolves the lake's tables when the platform is deployed."""
