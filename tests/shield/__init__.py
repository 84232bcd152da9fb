"""Proofs of the shield: held lists, tails, narrowing, ceilings, breakers and the snapshot."""
