"""Coverage-guided fuzzing of what reads hostile octets."""
