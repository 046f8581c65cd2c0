"""What is recorded: the chain, the outbox, evidence, the mirror and the capabilities on them."""
