"""The description of the HTTP interface (OpenAPI 3.1), built out of what checks requests."""
