"""The ways through the program, without a command line: from a config to a plan, from a plan to an outcome."""
