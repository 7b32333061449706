"""`python -m engine JOB_DIR …`: do one job, or several students side by side."""

import sys

from engine.running import main

sys.exit(main(sys.argv[1:]))
