"""An engine of a service: a pool of warm processes, each of which may be killed."""
