class ServiceError(Exception):
    """A server is not as the tests need it; the message says what to do."""
