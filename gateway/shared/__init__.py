"""What several replicas of the gateway have in common, in one Redis or Valkey (contract sections 3 and 7)."""
