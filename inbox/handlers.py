"""What this app listens to, and the ports it fills."""


def register() -> None:
    """Called once when the app is ready."""
