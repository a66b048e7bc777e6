"""The map of personal data: what stands in each column, and when it goes."""
