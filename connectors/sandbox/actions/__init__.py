"""What guests, channels and the front desk do: each function is one deed, stored and announced in one transaction."""
