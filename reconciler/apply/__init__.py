"""A plan carried out: calls in their order, each answer into the journal, and what came of it all."""
