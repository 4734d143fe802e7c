"""The suite on the example."""
