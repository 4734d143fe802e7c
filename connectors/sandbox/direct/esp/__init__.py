"""What all providers of e-mail have in common: mail out and in, what becomes of it, and where that is reported."""
