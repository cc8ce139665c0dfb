"""The listener of operators: metrics, health, and pages that show who waits and why."""
