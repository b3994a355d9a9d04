"""Maskwright's one command: `python launch.py` opens the assistant, `python launch.py --help` lists the rest."""

import sys

from app.cli import main

if __name__ == "__main__":
    sys.exit(main())
