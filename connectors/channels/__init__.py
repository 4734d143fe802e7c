"""Channel connectors: one module or small package each. No Django, no models."""
