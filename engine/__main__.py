"""`python -m engine JOB_DIR`: do one job."""

import sys

from engine.job import main

sys.exit(main(sys.argv[1:]))
