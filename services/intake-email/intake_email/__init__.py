"""intake-email: mails become submissions, and answers become mails."""
