"""The whole way once, on real data: what `manage.py demo` does and tells."""
