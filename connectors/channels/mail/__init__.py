"""E-mail. Reading: `reading`, of `mime`, `addresses`, `visible`, `automatic`, `reports`; writing: `building`. Two ways:
`mailbox` (IMAP and SMTP) and `provider` (any ESP that django-anymail knows)."""
