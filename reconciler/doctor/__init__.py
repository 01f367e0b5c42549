"""Whether everything is there that a run needs."""
