"""Kills an evald at random moments, as often as is wanted, and looks at what it left each time.

python Tests/process/state_kills.py --kills 1000
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from state_model import Model, kill_round
from support import binary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    start = time.monotonic()
    acknowledged = kills = 0
    with tempfile.TemporaryDirectory() as folder:
        while kills < arguments.kills:
            # Anew from time to time, so that beginnings are killed too.
            model = Model()
            for number in range(min(100, arguments.kills - kills)):
                state = Path(folder) / str(kills - number)
                acknowledged += kill_round(binary(), state, model, dice, kills)
                kills += 1
            model.close()
    print(
        f"{kills} kills, {acknowledged} steps acknowledged, none lost, none twice: "
        f"{time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
