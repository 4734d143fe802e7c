"""The direct channels: phone lines, WhatsApp, mail, and the guests' phones and mailboxes at their other end."""
