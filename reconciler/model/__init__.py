"""The values that flow through the program, and what can be told of each by itself. Nothing here reads or writes."""
