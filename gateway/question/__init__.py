"""A caller's question, checked: every key of a body or a query string (contract section 5)."""
