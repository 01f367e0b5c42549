"""Changes into calls: a plan, the order of its calls, and the file that keeps one until it is applied."""
