"""A policy of one's own in a package: by volume, and the longer the wait the better the place."""

import numpy as np
import numpy.typing as npt

from kvproof import Instance


class AgedSVF:
    """Order by ``v + M a``: when each request would be done, were it alone and the memory full.

    The key does not change over time, and need not: all that wait gain alike, so that between two
    of them only the difference of their arrivals counts.
    """

    name = "svf-aged"

    def key(self, instance: Instance) -> npt.NDArray[np.float64]:
        """Return the key of each request: the smallest starts first."""
        return instance.volume + instance.memory * instance.arrival.astype(np.float64)
