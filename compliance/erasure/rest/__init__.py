"""The API of erasure requests: it translates, and the services decide."""
