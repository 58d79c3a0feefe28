"""What several tests share."""

import sys
from pathlib import Path

# Benchmarks and pictures use these modules too, without pytest's settings.
sys.path.append(str(Path(__file__).resolve().parents[2] / "extensions"))
