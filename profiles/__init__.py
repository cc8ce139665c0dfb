"""Size profiles of networks and classes: data only, read by transcode.profile."""
