"""A server that answers as DingTalk does, over one SQLite file: for tests, demos and rehearsals."""
