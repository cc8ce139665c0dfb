"""The API for web developers: its values, its document, and how requests become messages.

The values in ``schema`` are the one description: requests are checked by them, the OpenAPI document is made
of them, and the client returns them.
"""
