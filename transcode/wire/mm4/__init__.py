"""MM4: the mails that message centres exchange."""
