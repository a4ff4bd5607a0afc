"""The reports of the small casebook, made once."""

import pytest
from reports.told import Told, casebook_of, earlier_night, tell, tonight, withheld


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Tell of tonight, with the earlier night on record."""
    folder = tmp_path_factory.mktemp("told")
    casebook = casebook_of(folder, earlier_night(), tonight())
    return tell(casebook, tonight(), held_back=withheld())
