"""TALLRec (arXiv 2305.00447): its rows, its two stages of tuning, its few-shot runs."""
