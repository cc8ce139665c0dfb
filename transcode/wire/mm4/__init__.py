"""MM4: the mails that MMSCs exchange."""
