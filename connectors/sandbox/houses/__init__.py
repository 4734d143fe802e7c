"""The PMSs that the sandbox plays."""
