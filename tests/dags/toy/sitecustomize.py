"""On the PYTHONPATH of a test, every process finds toy stages where the real ones are.

The graph, the store, the command line and Airflow stay real, and a step takes milliseconds and ends as the names of the
photos ask: `sfm-held.jpg` makes sfm end as held, `caption-fail.jpg` makes caption fail, and so on: `toy_stage.ENDS`.
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
