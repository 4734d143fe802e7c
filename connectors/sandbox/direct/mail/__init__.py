"""Mail: real SMTP and IMAP servers, the hotel's mailbox, and those of the guests."""
