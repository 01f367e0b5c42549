"""What the program remembers between runs: a cache of DingTalk, and what can't be asked for again."""
