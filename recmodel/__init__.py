"""The model: prompts, the frozen base, adapters, their mixture and their training. No Django."""
