"""The public class Message, and the public functions that make messages."""
