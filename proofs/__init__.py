"""Claims about Q-learning on finite Markov decision processes, each with its evidence and what must fail.

Importing this package imports nothing else: pytest loads `pytest_plugin` from here at every start.
"""
