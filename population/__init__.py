"""A made-up population: people, their care, and what councils, portal and providers write of it.

Nobody in it lives: NHS numbers are of the range set aside for testing. `truth.csv` says which
discrepancies are planted.
"""

from population.generate import ALL_COUNCILS, LAST_NIGHT, Generated, generate

__all__ = ["ALL_COUNCILS", "LAST_NIGHT", "Generated", "generate"]
