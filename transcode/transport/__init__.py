"""Messages over sockets: HTTP and SMTP."""
