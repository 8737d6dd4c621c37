"""``python -m lanewise``: see `lanewise.planets`."""

import sys

from lanewise.planets.cli import main

if __name__ == "__main__":
    sys.exit(main())
