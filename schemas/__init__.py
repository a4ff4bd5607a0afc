"""The contracts: closed vocabularies, one pandera model for each table, cleaning, and errors."""
