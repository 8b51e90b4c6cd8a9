"""Replace every real stage by a toy in each process that has this folder on its PYTHONPATH.

The graph, the store, the command line and Airflow stay real; a step takes milliseconds, and the photos' names decide
how it ends: `sfm-held.jpg` makes sfm end as held, `caption-fail.jpg` makes caption fail. See `toy_stage.ENDINGS`.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from pathlib import Path

TOY = Path(__file__).with_name("toy_stage.py")


class ToyStages(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.startswith("pipeline.stages."):
            return importlib.util.spec_from_file_location(fullname, TOY)
        return None


sys.meta_path.insert(0, ToyStages())
