"""Transport of messages over HTTP and SMTP."""
