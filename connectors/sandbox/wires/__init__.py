"""The faces of the sandbox: each package here speaks one vendor's API, written from that vendor's documentation."""
