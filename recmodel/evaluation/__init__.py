"""The evaluation: our recommender beside others, on any data set, each tuned fairly.

Nothing here serves. `data` says what is asked, `baseline` what a method is that needs no language
model, `workshop` and `adapters` hold those that do, `metrics` and `bootstrap` the figures, `run`
puts them together, `page`, `plots` and `terminal` show them.
"""
