"""A short run of the fuzzer of the whole binary; Tests/fuzz/binary/fuzz.py runs for longer."""

from __future__ import annotations

import random
import subprocess
import sys

from support import ROOT, binary


def test_fuzzed_transcripts() -> None:
    # A new seed each time, printed by the fuzzer when it finds something.
    seed = random.SystemRandom().randrange(1 << 32)
    script = ROOT / "Tests" / "fuzz" / "binary" / "fuzz.py"
    command = [sys.executable, str(script), "--seconds", "5", "--seed", str(seed)]
    done = subprocess.run(
        [*command, "--evald", binary()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
