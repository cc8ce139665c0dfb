"""What a campaign will take, before it starts: messages, octets, time, and what each carrier's phones get."""
