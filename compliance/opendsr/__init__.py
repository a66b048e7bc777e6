"""OpenDSR 2.0: erasure requests from a controller's other systems, in the words of that protocol.

It only translates: what happens to a request is decided in `compliance.erasure`.
"""
