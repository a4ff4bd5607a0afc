"""A catalogue of what goes wrong with sources in real life, each to be planted in a good night.

Nearly all of it can be read without complaint: that it cannot be true is all that gives it away.
`CATALOGUE` has every fault by its name; `HARMLESS` has what looks odd and must trouble nobody.

    night = faults.judged(world, at=60)
    fault = faults.CATALOGUE["half_the_rows"]
    for each in fault.nights_until(night):
        owner = faults.plant(fault, world, world.write(folder, each), each, until=night)
"""

from gates import faults_of_cplis, faults_of_lists
from gates.spoiling import Fault, judged, plant

CATALOGUE = faults_of_cplis.FAULTS | faults_of_lists.FAULTS
HARMLESS = faults_of_cplis.HARMLESS

__all__ = ["CATALOGUE", "HARMLESS", "Fault", "judged", "plant"]
