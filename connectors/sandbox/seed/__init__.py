"""What a fresh sandbox holds, one account per PMS, dated around today."""
