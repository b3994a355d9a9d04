"""One thread for the numeric libraries: the tests' tensors are tiny, and threads that wait for each other cost more."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
