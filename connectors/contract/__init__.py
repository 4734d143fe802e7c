"""What every connector speaks: canonical records in and out, errors, capabilities. Pure Python, no Django."""
