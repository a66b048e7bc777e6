"""Reports on requests: a list, monthly figures, and the whole file of one request.

None of them says whom a request is about.
"""
